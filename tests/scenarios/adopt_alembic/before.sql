create table alembic_version (version_num varchar(32) not null);
create table users (id bigint primary key, name text not null);
