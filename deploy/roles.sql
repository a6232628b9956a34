-- Makes the roles that share lockstep's work in one database: docs/roles.md says who may do what.
--
--   psql -X -v ON_ERROR_STOP=1 -d shop -f deploy/roles.sql
--   psql -X -v ON_ERROR_STOP=1 -d shop -v owner=shop_owner -v login=shop_migrator -f deploy/roles.sql
--
-- Variables: login, owner, admin, reader (the names of the roles), application_schema (where the owner may
-- create things) and connections (of the login role). Run as a superuser, or as the database's owner with
-- CREATEROLE. It may run again. It sets no passwords: who logs in by one gets it by \password.
\if :{?login} \else \set login lockstep_login \endif
\if :{?owner} \else \set owner lockstep_owner \endif
\if :{?admin} \else \set admin lockstep_admin \endif
\if :{?reader} \else \set reader lockstep_reader \endif
\if :{?application_schema} \else \set application_schema public \endif
\if :{?connections} \else \set connections 20 \endif
\set ON_ERROR_STOP on
begin;
-- That somebody is a member already is no news.
set local client_min_messages = warning;

select pg_catalog.format('create role %I nologin', r) from
  pg_catalog.unnest(array[:'login', :'owner', :'admin', :'reader']) r
  where not exists (select from pg_catalog.pg_roles where rolname = r) \gexec

-- None of them may be more than it is here for.
select coalesce(pg_catalog.string_agg(rolname, ', '), '') as too_mighty from pg_catalog.pg_roles
  where rolname in (:'login', :'owner', :'admin', :'reader')
    and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls) \gset
select :'too_mighty' <> '' as refused \gset
\if :refused
  \warn these roles have SUPERUSER, CREATEROLE, CREATEDB, REPLICATION or BYPASSRLS: :too_mighty
  rollback;
  -- \quit would end with 0.
  do $$ begin raise exception 'nothing was changed'; end $$;
\endif

-- The login role does nothing with the owner's rights but by `set role`, which is for the bodies alone.
alter role :"login" login noinherit connection limit :connections;
alter role :"owner" nologin;
-- Its functions are called by the others: it may act as they do, and so they trust what belongs to it.
alter role :"admin" login noinherit connection limit 3;
alter role :"reader" login noinherit;

grant :"owner" to :"login";
grant :"login", :"reader" to :"admin";
-- Since PostgreSQL 16 one role can be inherited and another one not: the login role sees how long other
-- sessions' transactions last, and looks before it asks for a table lock.
select pg_catalog.current_setting('server_version_num')::integer >= 160000 as can_inherit_one \gset
\if :can_inherit_one
  grant pg_read_all_stats to :"login" with inherit true;
\endif

grant connect on database :"DBNAME" to :"login", :"admin", :"reader";
grant create on database :"DBNAME" to :"admin";
grant usage, create on schema :"application_schema" to :"owner";
commit;
