

  
-- revision: x
select 1;