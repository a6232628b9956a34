-- Measured on PostgreSQL 15.20.
--
-- What each statement locks in SHARE UPDATE EXCLUSIVE mode or stronger, in the database of
-- fixture.sql: below the statement its class, and the relations with their modes. Indexes are listed
-- only where the statement names them. lock_modes_pgtest.cc runs each row on the server, compares what
-- pg_locks shows with what stands here, and what stands here with what the program expects; and
-- docs/lock-modes.md is made from this file.
--
-- Before a statement may stand
--   -- a remark                  what makes the row special
--   -- given: SQL; SQL           what exists beforehand, in the schema "own", which comes first
--   -- behind: SQL               the statement cannot run in a transaction: it is watched while it
--                                waits for a session that has done this
-- and below it "-- A, by its text C: ..." where only the catalog knows the class.

-- # Columns

alter table orders add column paid boolean;
-- A: orders ACCESS EXCLUSIVE

alter table orders add column paid boolean not null default false;
-- A: orders ACCESS EXCLUSIVE

alter table orders add column made timestamptz default now();
-- A: orders ACCESS EXCLUSIVE

alter table orders add column made timestamptz default clock_timestamp();
-- C: orders ACCESS EXCLUSIVE

alter table orders add column tag uuid default gen_random_uuid();
-- C: orders ACCESS EXCLUSIVE

alter table orders add column number serial;
-- C: orders ACCESS EXCLUSIVE

alter table orders add column number int generated always as identity;
-- C: orders ACCESS EXCLUSIVE

alter table orders add column doubled int generated always as (id * 2) stored;
-- C: orders ACCESS EXCLUSIVE

-- a domain without constraints
alter table orders add column contact email;
-- A: orders ACCESS EXCLUSIVE

-- a domain with constraints
alter table orders add column discount percentage;
-- C, by its text A: orders ACCESS EXCLUSIVE

alter table orders add column rank int check (rank > 0);
-- C: orders ACCESS EXCLUSIVE

alter table orders add column code int unique;
-- C: orders ACCESS EXCLUSIVE

alter table orders add column other_id int references customers;
-- A: orders ACCESS EXCLUSIVE, customers SHARE ROW EXCLUSIVE

alter table orders add column other_id int default 1 references customers;
-- C: orders ACCESS EXCLUSIVE, customers SHARE ROW EXCLUSIVE

-- a table with children
alter table animals add column age int;
-- A: animals ACCESS EXCLUSIVE, dogs ACCESS EXCLUSIVE

-- a partitioned table
alter table readings add column value int;
-- A: readings ACCESS EXCLUSIVE, readings_1 ACCESS EXCLUSIVE, readings_2 ACCESS EXCLUSIVE, readings_2_a ACCESS EXCLUSIVE

-- a column without a foreign key
alter table orders drop column note;
-- A: orders ACCESS EXCLUSIVE

-- a column with a foreign key
alter table orders drop column customer_id;
-- A: orders ACCESS EXCLUSIVE, customers ACCESS EXCLUSIVE

-- a column with a sequence of its own
alter table tickets drop column id;
-- A: tickets ACCESS EXCLUSIVE, tickets_id_seq ACCESS EXCLUSIVE

-- a partitioned table
alter table readings drop column device_name;
-- A: readings ACCESS EXCLUSIVE, readings_1 ACCESS EXCLUSIVE, readings_2 ACCESS EXCLUSIVE, readings_2_a ACCESS EXCLUSIVE

-- a column that a view shows
alter table customers drop column name cascade;
-- A: customers ACCESS EXCLUSIVE, customer_names ACCESS EXCLUSIVE, customer_view ACCESS EXCLUSIVE, customer_list ACCESS EXCLUSIVE

alter table orders rename column note to remark;
-- A: orders ACCESS EXCLUSIVE

-- a partitioned table
alter table events rename column at to day;
-- A: events ACCESS EXCLUSIVE, events_eu ACCESS EXCLUSIVE, events_rest ACCESS EXCLUSIVE

alter table orders alter column note set default 'n/a';
-- A: orders ACCESS EXCLUSIVE

alter table orders alter column note drop default;
-- A: orders ACCESS EXCLUSIVE

-- a partitioned table
alter table readings alter column device set default 1;
-- A: readings ACCESS EXCLUSIVE, readings_1 ACCESS EXCLUSIVE, readings_2 ACCESS EXCLUSIVE, readings_2_a ACCESS EXCLUSIVE

-- only the table that is named
alter table only readings alter column device set default 1;
-- A: readings ACCESS EXCLUSIVE

alter table orders alter column note set not null;
-- C: orders ACCESS EXCLUSIVE

-- a valid CHECK proves it
alter table keys alter column code set not null;
-- A, by its text C: keys ACCESS EXCLUSIVE

-- a partitioned table
alter table readings alter column device set not null;
-- C: readings ACCESS EXCLUSIVE, readings_1 ACCESS EXCLUSIVE, readings_2 ACCESS EXCLUSIVE, readings_2_a ACCESS EXCLUSIVE

alter table orders alter column id drop not null;
-- A: orders ACCESS EXCLUSIVE

alter table orders alter column id type bigint;
-- C: orders ACCESS EXCLUSIVE

-- longer than before
alter table orders alter column note type varchar(80);
-- A, by its text C: orders ACCESS EXCLUSIVE

-- shorter than before
alter table orders alter column note type varchar(20);
-- C: orders ACCESS EXCLUSIVE

alter table orders alter column note type text;
-- A, by its text C: orders ACCESS EXCLUSIVE

-- wider, same scale
alter table orders alter column weight type numeric(12, 2);
-- A, by its text C: orders ACCESS EXCLUSIVE

-- the same, in a CHECK
alter table orders alter column amount type numeric(12, 2);
-- C: orders ACCESS EXCLUSIVE

-- another scale
alter table orders alter column weight type numeric(12, 3);
-- C: orders ACCESS EXCLUSIVE

-- a column with a foreign key
alter table orders alter column customer_id type bigint;
-- C: orders ACCESS EXCLUSIVE, customers ACCESS EXCLUSIVE

-- a column with a sequence of its own
alter table tickets alter column number type bigint;
-- C: tickets ACCESS EXCLUSIVE, tickets_number_seq SHARE ROW EXCLUSIVE

alter table keys alter column doubled drop expression;
-- A: keys ACCESS EXCLUSIVE

alter table orders alter column id add generated always as identity;
-- A: orders ACCESS EXCLUSIVE

alter table tickets alter column number set generated always;
-- A: tickets ACCESS EXCLUSIVE, tickets_number_seq SHARE ROW EXCLUSIVE

alter table tickets alter column number drop identity;
-- A: tickets ACCESS EXCLUSIVE, tickets_number_seq ACCESS EXCLUSIVE

alter table orders alter column note set statistics 500;
-- A: orders SHARE UPDATE EXCLUSIVE

-- a partitioned table
alter table readings alter column device set statistics 500;
-- A: readings SHARE UPDATE EXCLUSIVE, readings_1 SHARE UPDATE EXCLUSIVE, readings_2 SHARE UPDATE EXCLUSIVE, readings_2_a SHARE UPDATE EXCLUSIVE

alter table orders alter column note set (n_distinct = 5);
-- A: orders SHARE UPDATE EXCLUSIVE

alter table orders alter column note reset (n_distinct);
-- A: orders SHARE UPDATE EXCLUSIVE

alter table orders alter column note set storage external;
-- A: orders ACCESS EXCLUSIVE

alter table orders alter column note set compression pglz;
-- A: orders ACCESS EXCLUSIVE

-- a table with children
alter table animals alter column name set storage external;
-- A: animals ACCESS EXCLUSIVE, dogs ACCESS EXCLUSIVE

-- a table with children
alter table animals alter column name set compression pglz;
-- A: animals ACCESS EXCLUSIVE

-- a table with children
alter table animals alter column id drop not null;
-- A: animals ACCESS EXCLUSIVE, dogs ACCESS EXCLUSIVE

alter table orders alter column note type text collate "C";
-- C: orders ACCESS EXCLUSIVE

-- the key of a referenced table
alter table codes alter column code type bigint;
-- C: codes ACCESS EXCLUSIVE, code_uses ACCESS EXCLUSIVE

-- a partitioned table
alter table readings alter column device_name type varchar;
-- A, by its text C: readings ACCESS EXCLUSIVE, readings_1 ACCESS EXCLUSIVE, readings_2 ACCESS EXCLUSIVE, readings_2_a ACCESS EXCLUSIVE

-- # Constraints

alter table orders add constraint small check (amount < 1000);
-- C: orders ACCESS EXCLUSIVE

alter table orders add constraint small check (amount < 1000) not valid;
-- A: orders ACCESS EXCLUSIVE

-- a partitioned table
alter table readings add constraint positive check (device > 0) not valid;
-- A: readings ACCESS EXCLUSIVE, readings_1 ACCESS EXCLUSIVE, readings_2 ACCESS EXCLUSIVE, readings_2_a ACCESS EXCLUSIVE

alter table orders add constraint other foreign key (id) references customers;
-- C: orders SHARE ROW EXCLUSIVE, customers SHARE ROW EXCLUSIVE

alter table orders add constraint other foreign key (id) references customers not valid;
-- A: orders SHARE ROW EXCLUSIVE, customers SHARE ROW EXCLUSIVE

-- a partitioned table
alter table readings add constraint seen foreign key (device) references customers;
-- C: readings SHARE ROW EXCLUSIVE, customers SHARE ROW EXCLUSIVE, readings_1 SHARE ROW EXCLUSIVE, readings_2 SHARE ROW EXCLUSIVE, readings_2_a SHARE ROW EXCLUSIVE

-- to a partitioned table
alter table orders add constraint account foreign key (id) references accounts;
-- C: orders SHARE ROW EXCLUSIVE, accounts SHARE ROW EXCLUSIVE, accounts_1 SHARE ROW EXCLUSIVE

alter table orders add constraint other unique (note);
-- C: orders ACCESS EXCLUSIVE

alter table orders add constraint other unique using index orders_id;
-- A: orders ACCESS EXCLUSIVE, orders_id SHARE UPDATE EXCLUSIVE

alter table orders add primary key (id);
-- C: orders ACCESS EXCLUSIVE

-- columns that are NOT NULL
alter table keys add primary key using index keys_id;
-- A: keys ACCESS EXCLUSIVE

-- a column that may be NULL
alter table orders add primary key using index orders_agent_index;
-- C, by its text A: orders ACCESS EXCLUSIVE

-- a partitioned table
alter table readings add unique (day, device);
-- C: readings ACCESS EXCLUSIVE, readings_1 SHARE, readings_2 SHARE, readings_2_a SHARE

-- a partitioned table
alter table readings add primary key (day, device);
-- C: readings ACCESS EXCLUSIVE, readings_1 ACCESS EXCLUSIVE, readings_2 ACCESS EXCLUSIVE, readings_2_a ACCESS EXCLUSIVE

-- a table with children
alter table animals add unique (id);
-- C: animals ACCESS EXCLUSIVE

-- a table with children
alter table animals add primary key (id);
-- C: animals ACCESS EXCLUSIVE, dogs ACCESS EXCLUSIVE

alter table orders add exclude using gist (place with ~=);
-- C: orders ACCESS EXCLUSIVE

-- a CHECK
alter table orders validate constraint orders_amount;
-- B: orders SHARE UPDATE EXCLUSIVE

-- a foreign key
alter table orders validate constraint orders_agent;
-- B: orders SHARE UPDATE EXCLUSIVE

-- a CHECK
alter table orders drop constraint orders_amount;
-- A: orders ACCESS EXCLUSIVE

-- a foreign key
alter table orders drop constraint orders_customer;
-- A: orders ACCESS EXCLUSIVE, customers ACCESS EXCLUSIVE

-- a foreign key of a partitioned table
alter table visits drop constraint visits_customer;
-- A: visits ACCESS EXCLUSIVE, customers ACCESS EXCLUSIVE, visits_1 ACCESS EXCLUSIVE

-- a foreign key to a partitioned table
alter table payments drop constraint payments_account;
-- A: payments ACCESS EXCLUSIVE, accounts ACCESS EXCLUSIVE, accounts_1 ACCESS EXCLUSIVE

-- the key of a referenced table
alter table customers drop constraint customers_pkey cascade;
-- A: customers ACCESS EXCLUSIVE, customers_pkey ACCESS EXCLUSIVE, orders ACCESS EXCLUSIVE, visits ACCESS EXCLUSIVE, visits_1 ACCESS EXCLUSIVE

alter table orders rename constraint orders_amount to orders_positive;
-- A: orders ACCESS EXCLUSIVE

alter table orders alter constraint orders_customer deferrable;
-- A: orders ACCESS EXCLUSIVE

alter table orders add column paid boolean, validate constraint orders_amount;
-- A: orders ACCESS EXCLUSIVE

-- # Tables as a whole

alter table orders rename to purchases;
-- A: orders ACCESS EXCLUSIVE

alter table orders set schema elsewhere;
-- A: orders ACCESS EXCLUSIVE

-- a table with sequences of its own
alter table tickets set schema elsewhere;
-- A: tickets ACCESS EXCLUSIVE, tickets_id_seq ACCESS EXCLUSIVE, tickets_number_seq ACCESS EXCLUSIVE

-- a partitioned table
alter table readings set schema elsewhere;
-- A: readings ACCESS EXCLUSIVE

alter table orders owner to pg_monitor;
-- A: orders ACCESS EXCLUSIVE

-- a table with sequences of its own
alter table tickets owner to pg_monitor;
-- A: tickets ACCESS EXCLUSIVE, tickets_id_seq ACCESS EXCLUSIVE, tickets_number_seq ACCESS EXCLUSIVE

-- a partitioned table
alter table readings owner to pg_monitor;
-- A: readings ACCESS EXCLUSIVE

alter table keys set unlogged;
-- C: keys ACCESS EXCLUSIVE

-- a table with sequences of its own
alter table tickets set unlogged;
-- C: tickets ACCESS EXCLUSIVE, tickets_id_seq ACCESS EXCLUSIVE, tickets_number_seq ACCESS EXCLUSIVE

alter table orders set logged;
-- C: orders ACCESS EXCLUSIVE

alter table orders set tablespace pg_default;
-- C: orders ACCESS EXCLUSIVE

alter table orders set access method heap;
-- C: orders ACCESS EXCLUSIVE

alter table orders set without oids;
-- A: orders ACCESS EXCLUSIVE

alter table orders set (fillfactor = 90);
-- A: orders SHARE UPDATE EXCLUSIVE

alter table orders set (autovacuum_enabled = off);
-- A: orders SHARE UPDATE EXCLUSIVE

alter table orders set (user_catalog_table = true);
-- A: orders ACCESS EXCLUSIVE

alter table orders reset (fillfactor);
-- A: orders SHARE UPDATE EXCLUSIVE

alter table orders cluster on orders_id;
-- A: orders SHARE UPDATE EXCLUSIVE, orders_id SHARE UPDATE EXCLUSIVE

alter table orders set without cluster;
-- A: orders SHARE UPDATE EXCLUSIVE

alter table orders replica identity full;
-- A: orders ACCESS EXCLUSIVE

alter table orders replica identity using index orders_id;
-- A: orders ACCESS EXCLUSIVE, orders_id SHARE

alter table orders enable row level security;
-- A: orders ACCESS EXCLUSIVE

alter table orders force row level security;
-- A: orders ACCESS EXCLUSIVE

alter table orders enable trigger orders_stamp;
-- A: orders SHARE ROW EXCLUSIVE

alter table orders disable trigger all;
-- A: orders SHARE ROW EXCLUSIVE

-- a partitioned table
alter table log disable trigger all;
-- A: log SHARE ROW EXCLUSIVE, log_1 SHARE ROW EXCLUSIVE

alter table orders enable rule orders_rule;
-- A: orders ACCESS EXCLUSIVE

alter table orders disable rule orders_rule;
-- A: orders ACCESS EXCLUSIVE

alter table draft inherit base;
-- A: draft ACCESS EXCLUSIVE, base SHARE UPDATE EXCLUSIVE

alter table dogs no inherit animals;
-- A: dogs ACCESS EXCLUSIVE

alter table addresses not of;
-- A: addresses ACCESS EXCLUSIVE

alter table postal of address;
-- A: postal ACCESS EXCLUSIVE

alter table remote add column at date;
-- A: remote ACCESS EXCLUSIVE

alter foreign table remote add column at date;
-- A: remote ACCESS EXCLUSIVE

alter foreign table remote options (add host 'x');
-- A: remote ACCESS EXCLUSIVE

-- # Partitions

-- without a default partition
alter table readings attach partition draft_reading for values in (3);
-- C: readings SHARE UPDATE EXCLUSIVE, draft_reading ACCESS EXCLUSIVE

-- with a default partition
alter table events attach partition draft for values in ('us');
-- C: events SHARE UPDATE EXCLUSIVE, draft ACCESS EXCLUSIVE, events_rest ACCESS EXCLUSIVE

-- a table that is referenced
alter table accounts attach partition accounts_draft for values from (100) to (200);
-- C: accounts SHARE UPDATE EXCLUSIVE, accounts_draft ACCESS EXCLUSIVE, payments SHARE ROW EXCLUSIVE

-- a table with a foreign key
alter table visits attach partition visits_draft for values in (2);
-- C: visits SHARE UPDATE EXCLUSIVE, visits_draft ACCESS EXCLUSIVE, customers SHARE ROW EXCLUSIVE

-- without a default partition
alter table readings detach partition readings_1;
-- A: readings ACCESS EXCLUSIVE, readings_1 ACCESS EXCLUSIVE

-- with a default partition
alter table events detach partition events_eu;
-- A: events ACCESS EXCLUSIVE, events_eu ACCESS EXCLUSIVE, events_rest ACCESS EXCLUSIVE

-- a partition with a foreign key
alter table visits detach partition visits_1;
-- A: visits ACCESS EXCLUSIVE, visits_1 ACCESS EXCLUSIVE, customers SHARE ROW EXCLUSIVE

-- a partition of a table that is referenced
alter table accounts detach partition accounts_1;
-- A: accounts ACCESS EXCLUSIVE, accounts_1 ACCESS EXCLUSIVE, payments ACCESS EXCLUSIVE

-- given: create table parts (a int) partition by list (a); create table part_1 partition of parts for values in (1)
-- behind: lock table part_1 in access share mode
alter table parts detach partition part_1 concurrently;
-- B: parts SHARE UPDATE EXCLUSIVE, part_1 ACCESS EXCLUSIVE

-- without a default partition
create table readings_3 partition of readings for values in (3);
-- A: readings ACCESS EXCLUSIVE

-- with a default partition
create table events_us partition of events for values in ('us');
-- C, by its text A: events ACCESS EXCLUSIVE, events_rest ACCESS EXCLUSIVE

-- a partitioned table with a foreign key
create table visits_2 partition of visits for values in (2);
-- A: visits ACCESS EXCLUSIVE, customers SHARE ROW EXCLUSIVE

-- a partitioned table that is referenced
create table accounts_2 partition of accounts for values from (100) to (200);
-- A: accounts ACCESS EXCLUSIVE, payments SHARE ROW EXCLUSIVE

-- a partition beside a default one
drop table events_eu;
-- A: events_eu ACCESS EXCLUSIVE, events ACCESS EXCLUSIVE, events_rest ACCESS EXCLUSIVE

-- a partition of a table with a foreign key
drop table visits_1;
-- A: visits_1 ACCESS EXCLUSIVE, visits ACCESS EXCLUSIVE

-- a partition that has partitions
drop table readings_2;
-- A: readings_2 ACCESS EXCLUSIVE, readings ACCESS EXCLUSIVE, readings_2_a ACCESS EXCLUSIVE

alter index log_text attach partition log_1_text;
-- A: log_text SHARE UPDATE EXCLUSIVE, log_1_text ACCESS EXCLUSIVE

-- # Indexes

create index on orders (amount);
-- C: orders SHARE

create unique index orders_amount_index on orders (amount);
-- C: orders SHARE

-- a partitioned table
create index on readings (device);
-- C: readings SHARE, readings_1 SHARE, readings_2 SHARE, readings_2_a SHARE

create index readings_device on only readings (device);
-- A, by its text C: readings SHARE

-- given: create table batch (a int)
-- behind: lock table batch in row exclusive mode
create index concurrently batch_a on batch (a);
-- B: batch SHARE UPDATE EXCLUSIVE

-- a table with children
create index on animals (id);
-- C: animals SHARE

drop index orders_note;
-- A: orders_note ACCESS EXCLUSIVE, orders ACCESS EXCLUSIVE

-- a partitioned table
drop index events_id;
-- A: events_id ACCESS EXCLUSIVE, events ACCESS EXCLUSIVE, events_eu ACCESS EXCLUSIVE, events_rest ACCESS EXCLUSIVE

-- given: create table batch (a int); create index batch_a on batch (a)
-- behind: lock table batch in row exclusive mode
drop index concurrently batch_a;
-- B: batch_a SHARE UPDATE EXCLUSIVE, batch SHARE UPDATE EXCLUSIVE

alter index orders_note rename to orders_remark;
-- A: orders_note SHARE UPDATE EXCLUSIVE

alter table orders_note rename to orders_remark;
-- A: orders_note ACCESS EXCLUSIVE

alter index orders_note set (fillfactor = 90);
-- A: orders_note SHARE UPDATE EXCLUSIVE

alter index orders_note reset (fillfactor);
-- A: orders_note SHARE UPDATE EXCLUSIVE

alter index orders_note set tablespace pg_default;
-- C: orders_note ACCESS EXCLUSIVE

alter index orders_expression alter column 1 set statistics 100;
-- A: orders_expression SHARE UPDATE EXCLUSIVE

alter index orders_note depends on extension plpgsql;
-- A: orders_note ACCESS EXCLUSIVE

reindex index orders_note;
-- C: orders_note ACCESS EXCLUSIVE, orders SHARE

reindex table orders;
-- C: orders SHARE

-- given: create table batch (a int primary key); insert into batch values (1)
-- behind: lock table batch in row exclusive mode
reindex schema own;
-- C: batch SHARE

-- given: create table batch (a int); create index batch_a on batch (a)
-- behind: lock table batch in row exclusive mode
reindex index concurrently batch_a;
-- B: batch_a SHARE UPDATE EXCLUSIVE, batch SHARE UPDATE EXCLUSIVE

-- given: create table batch (a int primary key)
-- behind: lock table batch in row exclusive mode
reindex table concurrently batch;
-- B: batch SHARE UPDATE EXCLUSIVE

cluster orders using orders_id;
-- C: orders ACCESS EXCLUSIVE, orders_id ACCESS EXCLUSIVE

-- # Triggers, rules, policies, statistics

create trigger again before insert on orders for each row execute function stamp();
-- A: orders SHARE ROW EXCLUSIVE

create or replace trigger orders_stamp before insert on orders for each row execute function stamp();
-- A: orders SHARE ROW EXCLUSIVE

create constraint trigger later after insert on orders from customers for each row execute function stamp();
-- A: orders SHARE ROW EXCLUSIVE

-- a table with children
create trigger again after insert on animals for each row execute function stamp();
-- A: animals SHARE ROW EXCLUSIVE

-- a partitioned table
create trigger again after insert on readings execute function stamp();
-- A: readings SHARE ROW EXCLUSIVE

-- a partitioned table
create trigger again after insert on readings for each row execute function stamp();
-- A: readings SHARE ROW EXCLUSIVE, readings_1 SHARE ROW EXCLUSIVE, readings_2 SHARE ROW EXCLUSIVE, readings_2_a SHARE ROW EXCLUSIVE

alter trigger orders_stamp on orders rename to orders_mark;
-- A: orders ACCESS EXCLUSIVE

alter trigger orders_stamp on orders depends on extension plpgsql;
-- A: nothing

-- a partitioned table
alter trigger log_stamp on log rename to log_mark;
-- A: log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE

drop trigger orders_stamp on orders;
-- A: orders ACCESS EXCLUSIVE

-- a partitioned table
drop trigger log_stamp on log;
-- A: log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE

create rule again as on update to orders where false do instead nothing;
-- A: orders ACCESS EXCLUSIVE

create or replace rule orders_rule as on delete to orders where false do instead nothing;
-- A: orders ACCESS EXCLUSIVE

alter rule orders_rule on orders rename to orders_law;
-- A: orders ACCESS EXCLUSIVE

drop rule orders_rule on orders;
-- A: orders ACCESS EXCLUSIVE

create policy again on orders;
-- A: orders ACCESS EXCLUSIVE

alter policy orders_policy on orders using (true);
-- A: orders ACCESS EXCLUSIVE

alter policy orders_policy on orders rename to orders_view;
-- A: orders ACCESS EXCLUSIVE

drop policy orders_policy on orders;
-- A: orders ACCESS EXCLUSIVE

create statistics again on id, note from orders;
-- A: orders SHARE UPDATE EXCLUSIVE

alter statistics orders_statistics set statistics 100;
-- A: nothing

alter statistics orders_statistics rename to orders_facts;
-- A: nothing

alter statistics orders_statistics owner to pg_monitor;
-- A: nothing

alter statistics orders_statistics set schema elsewhere;
-- A: nothing

drop statistics orders_statistics;
-- A: orders SHARE UPDATE EXCLUSIVE

-- # Comments, labels, publications

comment on table orders is 'what was bought';
-- A: orders SHARE UPDATE EXCLUSIVE

comment on column orders.note is 'free text';
-- A: orders SHARE UPDATE EXCLUSIVE

comment on view customer_names is 'x';
-- A: customer_names SHARE UPDATE EXCLUSIVE

comment on index orders_note is 'x';
-- A: orders_note SHARE UPDATE EXCLUSIVE

comment on sequence invoice_numbers is 'x';
-- A: invoice_numbers SHARE UPDATE EXCLUSIVE

comment on constraint orders_amount on orders is 'x';
-- A: nothing

comment on trigger orders_stamp on orders is 'x';
-- A: nothing

comment on rule orders_rule on orders is 'x';
-- A: nothing

comment on policy orders_policy on orders is 'x';
-- A: nothing

comment on statistics orders_statistics is 'x';
-- A: nothing

comment on type address is 'x';
-- A: nothing

alter extension plpgsql add table orders;
-- A: orders SHARE UPDATE EXCLUSIVE

create publication all_of_it for all tables;
-- A: nothing

create publication more for table orders;
-- A: orders SHARE UPDATE EXCLUSIVE

create publication more for tables in schema elsewhere;
-- A: nothing

alter publication news add table orders;
-- A: orders SHARE UPDATE EXCLUSIVE

-- a partitioned table
alter publication news add table readings;
-- A: readings SHARE UPDATE EXCLUSIVE

alter publication news set table orders;
-- A: orders SHARE UPDATE EXCLUSIVE, customers SHARE UPDATE EXCLUSIVE

alter publication news drop table customers;
-- A: customers SHARE UPDATE EXCLUSIVE

alter publication news set (publish = 'insert');
-- A: nothing

drop publication news;
-- A: nothing

-- # Truncating and dropping

truncate orders;
-- A: orders ACCESS EXCLUSIVE

truncate orders, tickets restart identity;
-- A: orders ACCESS EXCLUSIVE, tickets ACCESS EXCLUSIVE, tickets_id_seq ACCESS EXCLUSIVE, tickets_number_seq ACCESS EXCLUSIVE

-- a referenced table
truncate customers cascade;
-- A: customers ACCESS EXCLUSIVE, orders ACCESS EXCLUSIVE, visits ACCESS EXCLUSIVE, visits_1 ACCESS EXCLUSIVE

-- a partitioned table
truncate readings;
-- A: readings ACCESS EXCLUSIVE, readings_1 ACCESS EXCLUSIVE, readings_2 ACCESS EXCLUSIVE, readings_2_a ACCESS EXCLUSIVE

-- a table with children
truncate animals;
-- A: animals ACCESS EXCLUSIVE, dogs ACCESS EXCLUSIVE

truncate only animals;
-- A: animals ACCESS EXCLUSIVE

-- a table with a foreign key
drop table orders;
-- A: orders ACCESS EXCLUSIVE, customers ACCESS EXCLUSIVE

-- a table with sequences of its own
drop table tickets;
-- A: tickets ACCESS EXCLUSIVE, tickets_id_seq ACCESS EXCLUSIVE, tickets_number_seq ACCESS EXCLUSIVE

-- a partitioned table
drop table readings;
-- A: readings ACCESS EXCLUSIVE, readings_1 ACCESS EXCLUSIVE, readings_2 ACCESS EXCLUSIVE, readings_2_a ACCESS EXCLUSIVE

-- a referenced table, with views
drop table customers cascade;
-- A: customers ACCESS EXCLUSIVE, customer_names ACCESS EXCLUSIVE, customer_view ACCESS EXCLUSIVE, customer_list ACCESS EXCLUSIVE, orders ACCESS EXCLUSIVE, visits ACCESS EXCLUSIVE, visits_1 ACCESS EXCLUSIVE

-- a partitioned table that is referenced
drop table accounts cascade;
-- A: accounts ACCESS EXCLUSIVE, accounts_1 ACCESS EXCLUSIVE, payments ACCESS EXCLUSIVE

-- a table with children
drop table animals cascade;
-- A: animals ACCESS EXCLUSIVE, dogs ACCESS EXCLUSIVE

drop view customer_view;
-- A: customer_view ACCESS EXCLUSIVE

-- a view that another one shows
drop view customer_names cascade;
-- A: customer_names ACCESS EXCLUSIVE, customer_view ACCESS EXCLUSIVE

drop materialized view customer_list;
-- A: customer_list ACCESS EXCLUSIVE

drop sequence invoice_numbers;
-- A: invoice_numbers ACCESS EXCLUSIVE

drop sequence tickets_id_seq cascade;
-- A: tickets_id_seq ACCESS EXCLUSIVE, tickets ACCESS EXCLUSIVE

drop foreign table remote;
-- A: remote ACCESS EXCLUSIVE

-- given: create table batch (customer_id int references customers)
-- a schema with a table that has a foreign key to another
drop schema own cascade;
-- A: customers ACCESS EXCLUSIVE, batch ACCESS EXCLUSIVE

drop function stamp cascade;
-- A: orders ACCESS EXCLUSIVE, log ACCESS EXCLUSIVE, log_1 ACCESS EXCLUSIVE

drop domain email cascade;
-- A: contacts ACCESS EXCLUSIVE

drop type mood;
-- A: nothing

drop type address cascade;
-- A: addresses ACCESS EXCLUSIVE

-- # Views and materialized views

create view names as select name from customers;
-- E: nothing

-- a view that exists
create or replace view customer_names as select id, name from customers;
-- A: customer_names ACCESS EXCLUSIVE

alter view customer_names rename to names;
-- A: customer_names ACCESS EXCLUSIVE

alter view customer_names rename column name to title;
-- A: customer_names ACCESS EXCLUSIVE

alter view customer_names alter column name set default 'x';
-- A: customer_names ACCESS EXCLUSIVE

alter view customer_names set (security_barrier = true);
-- A: customer_names ACCESS EXCLUSIVE

alter view customer_names set schema elsewhere;
-- A: customer_names ACCESS EXCLUSIVE

alter view customer_names owner to pg_monitor;
-- A: customer_names ACCESS EXCLUSIVE

create materialized view names as select name from customers;
-- E: nothing

refresh materialized view customer_list;
-- C: customer_list ACCESS EXCLUSIVE

refresh materialized view concurrently customer_list;
-- B: customer_list EXCLUSIVE

alter materialized view customer_list rename to list;
-- A: customer_list ACCESS EXCLUSIVE

alter materialized view customer_list set (fillfactor = 90);
-- A: customer_list SHARE UPDATE EXCLUSIVE

alter materialized view customer_list alter column name set statistics 100;
-- A: customer_list SHARE UPDATE EXCLUSIVE

alter materialized view customer_list cluster on customer_list_id;
-- A: customer_list SHARE UPDATE EXCLUSIVE, customer_list_id SHARE UPDATE EXCLUSIVE

alter materialized view customer_list set schema elsewhere;
-- A: customer_list ACCESS EXCLUSIVE

alter materialized view customer_list set tablespace pg_default;
-- C: customer_list ACCESS EXCLUSIVE

-- # Sequences

create sequence numbers;
-- E: nothing

create sequence numbers owned by orders.id;
-- E: nothing

alter sequence invoice_numbers restart;
-- A: invoice_numbers SHARE ROW EXCLUSIVE

alter sequence invoice_numbers increment by 10;
-- A: invoice_numbers SHARE ROW EXCLUSIVE

alter sequence invoice_numbers owned by orders.id;
-- A: invoice_numbers SHARE ROW EXCLUSIVE

alter sequence invoice_numbers rename to numbers;
-- A: invoice_numbers ACCESS EXCLUSIVE

alter sequence invoice_numbers set schema elsewhere;
-- A: invoice_numbers ACCESS EXCLUSIVE

alter sequence invoice_numbers owner to pg_monitor;
-- A: invoice_numbers ACCESS EXCLUSIVE

alter sequence invoice_numbers set unlogged;
-- A: invoice_numbers ACCESS EXCLUSIVE

-- # New tables

create table fresh (id int primary key);
-- E: nothing

create table fresh (id int references customers);
-- A: customers SHARE ROW EXCLUSIVE

-- to a partitioned table
create table fresh (id int references accounts);
-- A: accounts SHARE ROW EXCLUSIVE, accounts_1 SHARE ROW EXCLUSIVE

create table fresh () inherits (animals);
-- A: animals SHARE UPDATE EXCLUSIVE

create table fresh (like orders including all);
-- E: nothing

create table fresh of address;
-- E: nothing

create table fresh as select * from orders;
-- E: nothing

create foreign table fresh () inherits (animals) server far;
-- A: animals SHARE UPDATE EXCLUSIVE

create unlogged table fresh partition of readings for values in (3);
-- A: readings ACCESS EXCLUSIVE

-- # Types and domains

alter type mood add value 'so-so';
-- A: nothing

alter type mood rename value 'bad' to 'poor';
-- A: nothing

alter type mood rename to temper;
-- A: nothing

-- a type of which no table is made
alter type plain add attribute x int;
-- A: nothing

-- a type of which a table is made
alter type address add attribute zip text cascade;
-- A: addresses ACCESS EXCLUSIVE

alter type address alter attribute town type varchar cascade;
-- A: addresses ACCESS EXCLUSIVE

alter type address drop attribute town cascade;
-- A: addresses ACCESS EXCLUSIVE

alter type address rename attribute town to city cascade;
-- A: addresses ACCESS EXCLUSIVE

alter type address owner to pg_monitor;
-- A: nothing

alter domain email add constraint filled check (value <> '');
-- C: contacts SHARE

alter domain email add constraint filled check (value <> '') not valid;
-- A: nothing

alter domain percentage validate constraint percentage_range;
-- C: contacts SHARE

alter domain email set not null;
-- C: contacts SHARE

alter domain email drop not null;
-- A: nothing

alter domain email set default 'x';
-- A: nothing

alter domain percentage drop constraint percentage_range;
-- A: nothing

alter domain percentage rename constraint percentage_range to whole;
-- A: nothing

-- # Maintenance

lock table orders;
-- A: orders ACCESS EXCLUSIVE

lock table orders in share row exclusive mode;
-- A: orders SHARE ROW EXCLUSIVE

-- a view on a view
lock table customer_view in share mode;
-- A: customer_view SHARE, customers SHARE, customer_names SHARE

-- a table with children
lock table animals in share mode;
-- A: animals SHARE, dogs SHARE

-- a partitioned table
lock table readings in exclusive mode;
-- A: readings EXCLUSIVE, readings_1 EXCLUSIVE, readings_2 EXCLUSIVE, readings_2_a EXCLUSIVE

lock table only readings in exclusive mode;
-- A: readings EXCLUSIVE

analyze orders;
-- B: orders SHARE UPDATE EXCLUSIVE

-- a partitioned table
analyze readings;
-- B: readings SHARE UPDATE EXCLUSIVE, readings_1 SHARE UPDATE EXCLUSIVE, readings_2 SHARE UPDATE EXCLUSIVE, readings_2_a SHARE UPDATE EXCLUSIVE

-- behind: lock table orders in share update exclusive mode
vacuum orders;
-- B: orders SHARE UPDATE EXCLUSIVE

-- behind: lock table orders in access share mode
vacuum full orders;
-- C: orders ACCESS EXCLUSIVE

-- # Other statements

grant select on orders to pg_monitor;
-- A: nothing

revoke select on orders from pg_monitor;
-- A: nothing

grant select on all tables in schema app to pg_monitor;
-- A: nothing

alter default privileges in schema app grant select on tables to pg_monitor;
-- A: nothing

create function plus(int) returns int language sql as 'select $1 + 1';
-- E: nothing

insert into orders (id) values (2);
-- D: nothing

update orders set amount = 1;
-- D: nothing

select * from orders for update;
-- D: nothing

copy orders to stdout;
-- D: nothing
