-- lock_deadline: 5min
-- max_hold: 1.5s
-- lock_ladder: 10ms, 20ms
-- acknowledge: "a b" rewrite
-- acknowledge: orders lock
select 1;