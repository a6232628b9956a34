-- description: better estimates

alter table users alter column name set statistics 500;
