alter table users drop column mail;
