-- revision: x
-- revises: none

-- transaction: off
select 1;