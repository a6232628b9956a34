-- irreversible: the names are gone

alter table users drop column name;
