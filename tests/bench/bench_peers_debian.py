"""The tools that Debian has packages of."""
import datetime
import glob
import os

import contention_server as servers
from bench_peer import ALL, APART, FIRST, INSTALL, Command, Peer, first_line, psql, put, stamped


class FromDebian(Peer):
    package = ""
    program = ""

    def path(self):
        return f"/usr/bin/{self.program}"

    def version(self):
        if not os.access(self.path(), os.X_OK):
            raise servers.Unusable(f'there is no {self.path()}; {INSTALL}, or install the package "{self.package}"')
        return first_line("dpkg-query", "-W", "-f=${source:Upstream-Version}", self.package)


class Alembic(FromDebian):
    """Its generic template's env.py without logging and offline mode."""

    name = "alembic"
    package = "alembic"
    program = "alembic"
    transaction = ALL
    ENV = """import os
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
    REVISION = """from alembic import op

revision = {revision!r}
down_revision = {parent!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute({up!r})


def downgrade() -> None:
    op.execute({down!r})
"""

    def write(self, folder, migrations):
        put(folder, "alembic.ini", "[alembic]\nscript_location = alembic\n")
        put(folder, "alembic/env.py", self.ENV)
        parent = None
        for each in migrations:
            text = self.REVISION.format(revision=each.name, parent=parent, up=each.up, down=each.down)
            put(folder, f"alembic/versions/{each.name}.py", text)
            parent = each.name

    def up(self, folder, url):
        return Command([self.path(), "upgrade", "head"], {"DATABASE_URL": url}, folder)

    def down(self, folder, url):
        return Command([self.path(), "downgrade", "base"], {"DATABASE_URL": url}, folder)


class Sqitch(FromDebian):
    """It starts psql for each script."""

    name = "sqitch"
    package = "sqitch"
    program = "sqitch"
    transaction = APART
    CONFIG = """[core]
	engine = pg
[engine "pg"]
	client = {}
[user]
	name = Bench
	email = bench@example.org
"""

    def version(self):
        told = super().version()
        if not glob.glob("/usr/lib/*/perl5/*/DBD/Pg.pm"):
            raise servers.Unusable(f'sqitch lacks its driver; {INSTALL}, or install the package "libdbd-pg-perl"')
        return told

    def write(self, folder, migrations):
        # Debian's psql, which it would start otherwise, is a script that looks for the program.
        put(folder, "sqitch.conf", self.CONFIG.format(psql()))
        plan = ["%syntax-version=1.0.0", "%project=bench", ""]
        for number, each in enumerate(migrations, start=1):
            when = (FIRST + datetime.timedelta(seconds=number)).isoformat()
            plan.append(f"{each.name} {when}Z Bench <bench@example.org> # {each.name}")
            put(folder, f"deploy/{each.name}.sql", f"BEGIN;\n\n{each.up}\nCOMMIT;\n")
            put(folder, f"revert/{each.name}.sql", f"BEGIN;\n\n{each.down}\nCOMMIT;\n")
        put(folder, "sqitch.plan", "\n".join(plan) + "\n")

    def up(self, folder, url):
        return Command([self.path(), "deploy", f"db:pg:{url.partition(':')[2]}"], {}, folder)

    def down(self, folder, url):
        return Command([self.path(), "revert", "-y", f"db:pg:{url.partition(':')[2]}"], {}, folder)


class Yoyo(FromDebian):
    """With a `depends` in each file, as `yoyo new` writes it."""

    name = "yoyo"
    package = "yoyo"
    program = "yoyo"
    transaction = APART

    def write(self, folder, migrations):
        parent = ""
        for each in migrations:
            put(folder, f"migrations/{each.name}.sql", f"-- {each.name}\n-- depends: {parent}\n\n{each.up}")
            put(folder, f"migrations/{each.name}.rollback.sql", each.down)
            parent = each.name

    def up(self, folder, url):
        return self.run(folder, url, "apply")

    def down(self, folder, url):
        return self.run(folder, url, "rollback", "--all")

    def run(self, folder, url, *words):
        return Command([self.path(), *words, "--batch", "--no-config-file", "-d", url, "migrations"], {}, folder)


class SqlMigrate(FromDebian):
    name = "sql-migrate"
    package = "sql-migrate"
    program = "sql-migrate"

    def write(self, folder, migrations):
        config = "production:\n  dialect: postgres\n  datasource: ${DATABASE_URL}\n  dir: migrations\n"
        put(folder, "dbconfig.yml", config)
        for name, each in stamped(migrations):
            put(folder, f"migrations/{name}.sql", f"-- +migrate Up\n{each.up}\n-- +migrate Down\n{each.down}")

    def up(self, folder, url):
        return Command([self.path(), "up", "-env=production"], {"DATABASE_URL": url}, folder)

    def down(self, folder, url):
        return Command([self.path(), "down", "-env=production", "-limit=0"], {"DATABASE_URL": url}, folder)
