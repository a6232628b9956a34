-- description: orders

create type state as enum ('new', 'paid');
create table orders (id bigint primary key, state state not null);
comment on table users is 'people';
grant select on users to public;
alter table users alter column name set default 'nobody';
drop index ix_users_name;
