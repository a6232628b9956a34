-- revision: x

-- transaction: off
select 1;