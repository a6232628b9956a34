-- irreversible: the old names are gone

alter table users rename column name to full_name;
alter table users alter column full_name type varchar(80);
update users set full_name = trim(full_name);
