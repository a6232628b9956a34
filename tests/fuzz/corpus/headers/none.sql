-- revises: none
select 1;