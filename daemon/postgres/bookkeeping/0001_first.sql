-- The schema in which a database remembers its migrations. ${schema} is the quoted name that the
-- settings give. Runs once, in one transaction, under the migration lock.

create schema if not exists ${schema};

create table ${schema}.format (
  version integer primary key,
  installed_at timestamptz not null default pg_catalog.clock_timestamp(),
  installed_by text not null default session_user
);

-- One row. Each transaction of a run locks it and compares epoch and run: a run that was overtaken,
-- however late it wakes up, finds another epoch and is sent away.
create table ${schema}.fence (
  only_row boolean primary key default true check (only_row),
  epoch bigint not null default 0,
  run_id uuid,
  attempt uuid,
  changed_at timestamptz not null default pg_catalog.clock_timestamp(),
  -- How many rows the history has to have.
  changes bigint not null default 0
);
insert into ${schema}.fence default values;

-- Insert only: what stands here is never changed or deleted. The newest change of a revision says
-- whether it is applied (present). The primary key is the second barrier against applying twice: two
-- transactions that both missed the other would compute the same number.
create table ${schema}.history (
  revision text not null,
  change integer not null check (change > 0),
  present boolean not null,
  kind text not null check (kind in ('applied', 'rolled_back', 'stamped', 'unstamped', 'adopted',
                                     'resolved', 'repaired')),
  sequence bigint generated always as identity unique,
  parents text[] not null default '{}',
  description text not null default '',
  up_checksum text not null default '',
  down_checksum text not null default '',
  down_script text,
  irreversible text not null default '',
  attempt uuid not null unique,
  run_id uuid not null,
  epoch bigint not null,
  xid xid8 not null default pg_catalog.pg_current_xact_id(),
  system_identifier bigint not null,
  timeline bigint not null,
  recorded_at timestamptz not null default pg_catalog.clock_timestamp(),
  duration_seconds double precision not null default 0,
  lock_wait_seconds double precision not null default 0,
  attempts integer not null default 1,
  host text not null default '',
  pid integer not null default 0,
  client_version text not null default '',
  recorded_by text not null default session_user,
  backup_path text not null default '',
  backup_bytes bigint not null default 0,
  primary key (revision, change)
);

create function ${schema}.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using errcode = 'LS008',
    message = 'the history of migrations is never changed',
    hint = '"lockstep stamp" and "lockstep repair" record what is true now';
end $$;

create trigger keep before update or delete or truncate on ${schema}.history
  for each statement execute function ${schema}.refuse_change();

-- Attempts that changed nothing: failed, deferred, stopped; or lost in a race for table locks and
-- tried again. Insert only.
create table ${schema}.attempts (
  attempt uuid primary key,
  run_id uuid not null,
  epoch bigint not null,
  revision text not null,
  direction text not null check (direction in ('up', 'down')),
  outcome text not null check (outcome in ('failed', 'deferred', 'stopped', 'unknown',
                                           'lost')),
  sequence bigint generated always as identity unique,
  finished_at timestamptz not null default pg_catalog.clock_timestamp(),
  duration_seconds double precision not null default 0,
  lock_wait_seconds double precision not null default 0,
  attempts integer not null default 1,
  sqlstate text not null default '',
  message text not null default '',
  detail text not null default '',
  hint text not null default '',
  file text not null default '',
  line integer not null default 0,
  "column" integer not null default 0,
  host text not null default '',
  pid integer not null default 0,
  client_version text not null default '',
  blockers jsonb not null default '[]'
);
create index on ${schema}.attempts (revision, sequence desc);

-- Statements of migrations that run outside a transaction: a row before each, marked after it. Rows
-- of the change that is being made, and of earlier ones, tell them apart by number.
create table ${schema}.progress (
  revision text not null,
  change integer not null,
  ordinal integer not null check (ordinal > 0),
  direction text not null check (direction in ('up', 'down')),
  statement_hash text not null,
  done boolean not null default false,
  tries integer not null default 1,
  attempt uuid not null,
  epoch bigint not null,
  started_at timestamptz not null default pg_catalog.clock_timestamp(),
  finished_at timestamptz,
  primary key (revision, change, ordinal)
);

-- Locks the fence row for this transaction, and only if the run is still the newest.
create function ${schema}.pass_fence(p_run uuid, p_epoch bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  held record;
begin
  select f.epoch, f.run_id into held from ${schema}.fence f where f.only_row for update;
  if held.epoch is distinct from p_epoch or held.run_id is distinct from p_run then
    raise exception using errcode = 'LS001',
      message = format('another run has taken over (epoch %s, ours is %s)', held.epoch, p_epoch);
  end if;
end $$;

create function ${schema}.next_change(p_revision text) returns integer
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce(max(h.change), 0) + 1 from ${schema}.history h where h.revision = p_revision
$$;

create function ${schema}.is_present(p_revision text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
  select coalesce((select h.present from ${schema}.history h where h.revision = p_revision
                   order by h.change desc limit 1), false)
$$;

-- Begins a migration's transaction: from here to the commit nobody else is between enter and commit.
-- Every statement of this function looks with a new snapshot, taken after the fence row was had. This and
-- `leave` are what a migration costs beside its body. Several short statements cost less than one with
-- branches, of which PostgreSQL prepares all to run, whichever is taken.
create function ${schema}.enter(p_run uuid, p_epoch bigint, p_attempt uuid, p_revision text,
                                p_present boolean, p_parents text[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  present boolean;
  other text;
begin
  update ${schema}.fence set attempt = p_attempt, changed_at = clock_timestamp()
    where only_row and epoch = p_epoch and run_id = p_run;
  if not found then
    perform ${schema}.pass_fence(p_run, p_epoch);  -- tells who has taken over
  end if;
  present := coalesce((select h.present from ${schema}.history h where h.revision = p_revision
                       order by h.change desc limit 1), false);
  if p_present then
    -- Before a roll-back nothing that is applied may descend from it.
    other := (select h.revision from ${schema}.history h
              where p_revision = any (h.parents) and ${schema}.is_present(h.revision) limit 1);
  else
    other := (select p from unnest(p_parents) p
              where not coalesce((select h.present from ${schema}.history h where h.revision = p
                                  order by h.change desc limit 1), false) limit 1);
  end if;
  if present <> p_present then
    raise exception using errcode = 'LS002',
      message = format('revision %L is %s', p_revision,
                       case when p_present then 'not applied' else 'applied already' end);
  end if;
  if other is not null then
    raise exception using errcode = 'LS003',
      message = case when p_present
        then format('revision %L is applied and revises %L', other, p_revision)
        else format('parent %L of revision %L is not applied', other, p_revision) end;
  end if;
end $$;

create function ${schema}.write_entry(p_entry jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  next integer := coalesce((select max(h.change) from ${schema}.history h
                            where h.revision = p_entry ->> 'revision'), 0) + 1;
begin
  insert into ${schema}.history
    (revision, change, present, kind, parents, description, up_checksum, down_checksum, down_script,
     irreversible, attempt, run_id, epoch, system_identifier, timeline, duration_seconds,
     lock_wait_seconds, attempts, host, pid, client_version, backup_path, backup_bytes)
  select e.revision, next, e.present, e.kind, coalesce(e.parents, '{}'), e.description,
     e.up_checksum, e.down_checksum, e.down_script, e.irreversible, e.attempt, e.run_id, e.epoch,
     (pg_control_system()).system_identifier,
     ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint,
     coalesce(e.duration_seconds, extract(epoch from clock_timestamp() - transaction_timestamp())),
     e.lock_wait_seconds, e.attempts, e.host, e.pid, e.client_version, e.backup_path, e.backup_bytes
  from jsonb_to_record(p_entry) as e
    (revision text, present boolean, kind text, parents text[], description text, up_checksum text,
     down_checksum text, down_script text, irreversible text, attempt uuid, run_id uuid, epoch bigint,
     duration_seconds double precision, lock_wait_seconds double precision, attempts integer, host text,
     pid integer, client_version text, backup_path text, backup_bytes bigint);
  update ${schema}.fence set changes = changes + 1 where only_row;
end $$;

-- Ends a migration's transaction: checks that it is still the same one, that the migration lock is
-- still ours, that nobody changed the role, and writes the history row.
create function ${schema}.leave(p_entry jsonb, p_lock_space integer, p_lock_id integer, p_role text)
returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  same boolean;
  locked boolean := false;
begin
  -- The fence row was written by `enter` in this very transaction: its xmin says so, whatever the body
  -- did to settings or temporary tables.
  select f.attempt = (p_entry ->> 'attempt')::uuid and f.xmin = pg_current_xact_id_if_assigned()::xid
    into same from ${schema}.fence f where f.only_row;
  if same is distinct from true then
    raise exception using errcode = 'LS004',
      message = 'the migration ended the transaction in which it was started';
  end if;
  -- Only what a session holds can it give back, and the transaction holds the lock meanwhile; nothing
  -- interrupts one expression. pg_locks would say the same for a look at every lock of the server.
  if pg_try_advisory_xact_lock(p_lock_space, p_lock_id) then
    locked := case when pg_advisory_unlock(p_lock_space, p_lock_id)
                   then pg_try_advisory_lock(p_lock_space, p_lock_id) else false end;
  end if;
  if not locked then
    raise exception using errcode = 'LS005',
      message = 'the migration lock is no longer held by this session';
  end if;
  if current_setting('lockstep.role_at_end', true) is distinct from p_role then
    raise exception using errcode = 'LS006',
      message = format('the migration changed its role to %L',
                       current_setting('lockstep.role_at_end', true));
  end if;
  perform ${schema}.write_entry(p_entry);
end $$;

-- The last gate: a transaction that passed `enter` cannot commit without its history row, not even
-- when the body committed by a way that nobody foresaw.
create function ${schema}.guard() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if new.attempt is not null
     and not exists (select from ${schema}.history h where h.attempt = new.attempt) then
    raise exception using errcode = 'LS007',
      message = 'a migration cannot be committed without its history row',
      hint = 'does it end the transaction, or set constraints to immediate? Neither is allowed in a migration';
  end if;
  return null;
end $$;

create constraint trigger guard after update of attempt on ${schema}.fence
  deferrable initially deferred
  for each row execute function ${schema}.guard();

-- Before a statement outside a transaction.
create function ${schema}.begin_statement(p_run uuid, p_epoch bigint, p_attempt uuid,
                                          p_revision text, p_direction text, p_ordinal integer,
                                          p_hash text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform ${schema}.pass_fence(p_run, p_epoch);
  insert into ${schema}.progress as p
    (revision, change, ordinal, direction, statement_hash, attempt, epoch)
  values (p_revision, ${schema}.next_change(p_revision), p_ordinal, p_direction, p_hash, p_attempt,
          p_epoch)
  on conflict (revision, change, ordinal) do update
    set tries = p.tries + 1, statement_hash = excluded.statement_hash, done = false,
        attempt = excluded.attempt, epoch = excluded.epoch, started_at = clock_timestamp();
end $$;

create function ${schema}.end_statement(p_run uuid, p_epoch bigint, p_revision text,
                                        p_ordinal integer, p_done boolean) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform ${schema}.pass_fence(p_run, p_epoch);
  if p_done then
    update ${schema}.progress set done = true, finished_at = clock_timestamp()
      where revision = p_revision and change = ${schema}.next_change(p_revision)
        and ordinal = p_ordinal;
  else
    delete from ${schema}.progress
      where revision = p_revision and change = ${schema}.next_change(p_revision)
        and ordinal = p_ordinal;
  end if;
end $$;

-- The next run begins: whoever ran before is fenced off from here on.
create function ${schema}.take_epoch(p_run uuid) returns bigint
language sql set search_path = pg_catalog, pg_temp as $$
  update ${schema}.fence set epoch = epoch + 1, run_id = p_run, attempt = null,
         changed_at = clock_timestamp()
  where only_row returning epoch
$$;

insert into ${schema}.format (version) values (1);
