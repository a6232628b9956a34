-- description: the error is in the middle of the file

create table orders (id bigint primary key);
alter table users
	add column näme text,	add column nope nosuchtype;
create table never_reached (id int);
