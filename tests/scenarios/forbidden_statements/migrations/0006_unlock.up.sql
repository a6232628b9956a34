select pg_advisory_unlock_all();
select pg_catalog.pg_advisory_unlock(1, 2);
