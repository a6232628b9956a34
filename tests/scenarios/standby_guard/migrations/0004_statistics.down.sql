alter table users alter column name set statistics -1;
