\i other.sql
select 1 \g
select 2;