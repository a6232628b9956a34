;;
; select 1;; ;