-- transaction: off
create table log (id int);
insert into users values (1, 'a'), (1, 'b');
create unique index concurrently ix on users (name);
