-- description: users

create table users (id bigint primary key, name text not null);
create index ix_users_name on users (name);
