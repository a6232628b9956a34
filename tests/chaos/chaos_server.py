"""The private PostgreSQL of one run, which is ended and started again, and what bears witness in it."""
import contextlib
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import bench_agent as agents
import contention_server as servers

# A commit that was answered has to outlive an immediate shutdown, so it waits for the log.
SETTINGS = {
    "synchronous_commit": "on",
    "max_prepared_transactions": 5,
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "5min",
    "deadlock_timeout": "200ms",
}

LOCK_SPACE = 1280004948  # classid of the migration lock

# `effects` has no unique constraint on purpose: what is done twice has to be seen twice.
WITNESS = f"""
create schema chaos;
create table chaos.effects (
  revision text, direction text, part int, attempt uuid, run_id uuid, epoch bigint,
  xid xid8, snapshot text, backend_pid int);
create table chaos.ddl (xid xid8, tag text, object text, backend_pid int);
create table chaos.shared (id int primary key);
create table chaos.lease (owner int, ends timestamptz);  -- of a mutant
insert into chaos.lease values (0, '-infinity');
create table chaos.big as select n as id, n % 1000 as value from generate_series(1, {{rows}}) n;

-- The transaction's number first, its snapshot in the next statement: of two committed transactions the
-- database itself says whether one saw the other.
create function chaos.note(revision text, direction text, part int) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_current_xact_id();
  insert into chaos.effects
  select note.revision, note.direction, note.part, f.attempt, f.run_id, f.epoch, pg_current_xact_id(),
         pg_current_snapshot()::text, pg_backend_pid()
  from lockstep.fence f;
end $$;

-- The same by an INSERT, which a migration may have that is over soon.
create view chaos.notes as select ''::text as revision, ''::text as direction, 0 as part;
create function chaos.note_row() returns trigger language plpgsql as $$
begin
  perform chaos.note(new.revision, new.direction, new.part);
  return new;
end $$;
create trigger note instead of insert on chaos.notes for each row execute function chaos.note_row();

create function chaos.note_ddl() returns event_trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into chaos.ddl
  select pg_current_xact_id(), tg_tag, object_identity, pg_backend_pid()
  from pg_event_trigger_ddl_commands() where object_identity like 'chaos.%';
end $$;

-- How many revisions are applied, whether one is half rolled back, and the backend that holds the migration lock
-- (0: nobody).
create function chaos.look() returns text language plpgsql as $$
declare
  seen text;
begin
  if to_regclass('lockstep.history') is null then return '0 0 0'; end if;
  select concat_ws(' ',
    (select count(*) from (select distinct on (revision) present from lockstep.history
                           order by revision, change desc) newest where present),
    (select count(*) from lockstep.progress p where direction = 'down' and change > all
       (select h.change from lockstep.history h where h.revision = p.revision)),
    coalesce((select l.pid from pg_locks l
              where l.locktype = 'advisory' and l.granted and l.classid = {LOCK_SPACE}
                and l.database = (select oid from pg_database where datname = current_database())
              limit 1), 0)) into seen;
  return seen;
end $$;
create event trigger witness on ddl_command_end execute function chaos.note_ddl();
"""


class Database:
    """One database of the server, spoken to by psql sessions that are opened anew when they have ended."""

    def __init__(self, server, name, rows):
        self.server, self.name = server, name
        server.run("postgres", f"create database {name}")
        server.run(name, WITNESS.format(rows=rows))
        self.session = None

    def try_lines(self, sql):
        """The lines of the answer; None while the server is away or when it refuses."""
        try:
            if self.session is None:
                self.session = self.open("chaos")
            return self.session.run(sql)
        except (servers.SessionEnded, OSError):
            self.close()
            return None

    def open(self, application):
        return servers.Session(self.server, self.name, application)

    def value(self, sql):
        """What is asked while all is well."""
        return self.server.run(self.name, sql)

    def drop(self):
        self.server.run("postgres", f"drop database {self.name} with (force)")

    def close(self):
        if self.session:
            self.session.close()
        self.session = None


class Server(servers.Server):
    def __init__(self, postgres=None):
        super().__init__(servers.find_bin(postgres), SETTINGS)

    def restart(self, how):
        """`how`: "fast" or "immediate"; returns when it answers again."""
        self.process.send_signal(signal.SIGINT if how == "fast" else signal.SIGQUIT)
        self.process.wait()
        self.resume()

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            super().stop()
