-- revision: db82de06f57d
-- revises: 68db6a7fba94
-- description: user role

create type userrole as enum ('admin', 'client', 'freelancer');

-- A constant default is kept in the catalog: no row is rewritten.
alter table users add column role userrole not null default 'client';
