"""The migration tools that Lockstep is compared with: what their files look like, and how each is started.

Each runs by its defaults and as its documentation tells for production, from the program that does the work: node
with the tool's own entry, no npx and no shell in between. Where a choice was left, it was made in the tool's favour,
and a comment says so. A reader who maintains one of them should agree; if not, that is a bug here.
"""
import os

import bench_peers_debian as debian
import bench_peers_npm as npm
import contention_server as servers
from bench_peer import ALL, APART, EACH, Command, Migration, Peer, first_line, psql, put  # The interface is here too.
from bench_program import CHECKOUT


class Psql(Peer):
    """The floor: one session, for each migration a transaction with the file and a history row, and nothing that
    makes it safe: no lock, no checksum. It asks once for a thousand migrations which of them are pending."""

    name = "psql"
    BATCH = 1000  # psql takes a row's columns for its variables, and a row has at most 1,664.

    def version(self):
        return first_line(psql(), "--version").split()[2]

    def write(self, folder, migrations):
        for each in migrations:
            put(folder, f"{each.name}.up.sql", each.up)
            put(folder, f"{each.name}.down.sql", each.down)
        record = "insert into history values ('{0}');"
        forget = "delete from history where name = '{0}';"
        put(folder, "up.sql", self.script(migrations, "not", "up", record))
        put(folder, "down.sql", self.script(migrations[::-1], "", "down", forget))

    def script(self, migrations, wanted, way, bookkeeping):
        lines = ["set client_min_messages = warning;", "create table if not exists history (name text primary key);"]
        for start in range(0, len(migrations), self.BATCH):
            batch = migrations[start : start + self.BATCH]
            lines.append("with there as (select coalesce(json_object_agg(name, 1), '{}')::jsonb as names from history)")
            columns = ", ".join(f"{wanted} names ? '{each.name}' as \"due_{each.name}\"" for each in batch)
            lines.append(f"select {columns} from there \\gset")
            for each in batch:
                lines += [f"\\if :due_{each.name}", "begin;", f"\\ir {each.name}.{way}.sql"]
                lines += [bookkeeping.format(each.name), "commit;", "\\endif"]
        return "\n".join(lines) + "\n"

    def up(self, folder, url):
        return self.run(url, os.path.join(folder, "up.sql"))

    def down(self, folder, url):
        return self.run(url, os.path.join(folder, "down.sql"))

    def run(self, url, script):
        return Command([psql(), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", script], {}, None)


class Lockstep(Peer):
    name = "lockstep"

    def __init__(self, program=CHECKOUT / "build/release/bin/lockstep"):
        self.program = str(program)

    def version(self):
        if not os.access(self.program, os.X_OK):
            raise servers.Unusable(f"there is no program {self.program}; build it, or name it with --lockstep")
        return first_line(self.program, "--version").split()[-1]

    def write(self, folder, migrations):
        for each in migrations:
            put(folder, f"{each.name}.up.sql", each.up)
            put(folder, f"{each.name}.down.sql", each.down)

    def up(self, folder, url):
        return self.run(folder, url, "upgrade")

    def down(self, folder, url):
        return self.run(folder, url, "downgrade", "base", "--yes")

    def run(self, folder, url, *words):
        # An empty variable counts as not set: nothing of the caller's own configuration.
        ours = {"DATABASE_URL": url, "LOCKSTEP_DATABASE_URL": "", "LOCKSTEP_CONFIG": ""}
        return Command([self.program, *words, "--dir", folder], ours, folder)


PEERS = [
    Psql(),
    Lockstep(),
    npm.Dbmate(),
    debian.SqlMigrate(),
    npm.GraphileMigrate(),
    npm.NodePgMigrate(),
    npm.Knex(),
    npm.Postgrator(),
    debian.Alembic(),
    debian.Yoyo(),
    debian.Sqitch(),
    npm.Liquibase(),
]
