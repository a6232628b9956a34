create table alembic_version (version_num varchar(32) not null);
insert into alembic_version values ('west'), ('east');
create table t_root (id int);
create table t_west (id int);
create table t_east (id int);
