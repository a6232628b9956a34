"""The tools from npm, as tests/bench/install-peers leaves them in build/bench-peers/."""
import hashlib
import json
import os
import re
import shutil
import urllib.parse

import contention_server as servers
from bench_peer import ALL, APART, INSTALL, Command, Peer, count_of, put, stamped
from bench_program import CHECKOUT

NPM = CHECKOUT / "build/bench-peers/node_modules"


class FromNpm(Peer):
    """`entry` is the package's program."""

    package = ""
    entry = ""

    def version(self):
        if not os.access(NPM / self.package / self.entry, os.R_OK) or not shutil.which("node"):
            raise servers.Unusable(f"npm's {self.package} is not in {NPM}, or there is no node; {INSTALL}")
        return json.loads((NPM / self.package / "package.json").read_text(encoding="utf-8"))["version"]

    def run(self, folder, url, *words, **more):
        entry = str(NPM / self.package / self.entry)
        return Command([shutil.which("node"), entry, *words], {"DATABASE_URL": url} | more, folder)


class Dbmate(FromNpm):
    """The binary itself, which its npm package starts. The schema is not dumped: that is pg_dump's time, for a file
    that one checks in while developing; where pg_dump is missing, dbmate leaves it out without a word."""

    name = "dbmate"
    package = "@dbmate/linux-x64"
    entry = "bin/dbmate"

    def write(self, folder, migrations):
        for name, each in stamped(migrations):
            put(folder, f"db/migrations/{name}.sql", f"-- migrate:up\n{each.up}\n-- migrate:down\n{each.down}")

    def up(self, folder, url):
        # Not `up`, which looks first whether the database has to be made.
        program = str(NPM / self.package / self.entry)
        return Command([program, "--no-dump-schema", "migrate"], {"DATABASE_URL": url}, folder)

    # No `down`: `rollback` takes one migration at a time.


class NodePgMigrate(FromNpm):
    name = "node-pg-migrate"
    package = "node-pg-migrate"
    entry = "bin/node-pg-migrate.js"
    transaction = ALL

    def write(self, folder, migrations):
        for name, each in stamped(migrations):
            put(folder, f"migrations/{name}.sql", f"-- Up Migration\n{each.up}\n-- Down Migration\n{each.down}")

    def up(self, folder, url):
        return self.run(folder, url, "up")

    def down(self, folder, url):
        return self.run(folder, url, "down", count_of(folder, "migrations/*.sql"))


class GraphileMigrate(FromNpm):
    """As after `graphile-migrate commit`. It goes forward only."""

    name = "graphile-migrate"
    package = "graphile-migrate"
    entry = "dist/cli.js"

    def write(self, folder, migrations):
        put(folder, ".gmrc", "{}\n")
        put(folder, "migrations/current.sql", "-- Enter migration here\n")
        previous = ""
        for number, each in enumerate(migrations, start=1):
            body = each.up.strip() + "\n"
            digest = "sha1:" + hashlib.sha1(f"{previous}\n{body}".lstrip().encode()).hexdigest()
            header = f"--! Previous: {previous or '-'}\n--! Hash: {digest}\n"
            put(folder, f"migrations/committed/{number:06}.sql", f"{header}\n{body}")
            previous = digest

    def up(self, folder, url):
        return self.run(folder, url, "migrate")


class Knex(FromNpm):
    name = "knex"
    package = "knex"
    entry = "bin/cli.js"
    transaction = ALL

    def write(self, folder, migrations):
        connection = 'module.exports = {client: "pg", connection: process.env.DATABASE_URL};\n'
        put(folder, "knexfile.js", connection)
        for name, each in stamped(migrations):
            ways = {"up": each.up, "down": each.down}.items()
            lines = [f"exports.{way} = (knex) => knex.raw({json.dumps(sql)});\n" for way, sql in ways]
            put(folder, f"migrations/{name}.js", "".join(lines))

    def up(self, folder, url):
        return self.command(folder, url, "migrate:latest")

    def down(self, folder, url):
        return self.command(folder, url, "migrate:rollback", "--all")

    def command(self, folder, url, *words):
        # A project of its own would have knex in its node_modules.
        return self.run(folder, url, *words, NODE_ENV="production", KNEX_PATH=str(NPM / "knex/knex.js"))


class Postgrator(FromNpm):
    name = "postgrator"
    package = "postgrator-cli"
    entry = "index.js"
    transaction = APART

    def write(self, folder, migrations):
        for number, each in enumerate(migrations, start=1):
            put(folder, f"migrations/{number:06}.do.{each.name}.sql", each.up)
            put(folder, f"migrations/{number:06}.undo.{each.name}.sql", each.down)

    def up(self, folder, url):
        return self.command(folder, url, "max")

    def down(self, folder, url):
        return self.command(folder, url, "0")

    def command(self, folder, url, version):
        there = urllib.parse.urlsplit(url)
        place = ["--host", there.hostname, "--port", str(there.port)]
        place += ["--username", there.username, "--database", there.path[1:]]
        return self.run(folder, url, "migrate", "--to", version, *place)


class Liquibase(FromNpm):
    """Its own start script, which starts Java; the newest that npm carries whole, with the driver beside it."""

    name = "liquibase"
    package = "liquibase"
    entry = "dist/liquibase/liquibase"
    transaction = APART

    def version(self):
        if not shutil.which("java"):
            raise servers.Unusable(f'"java" was not found; {INSTALL}, or install the package "openjdk-17-jre-headless"')
        return super().version()

    def write(self, folder, migrations):
        schema = "http://www.liquibase.org/xml/ns/dbchangelog"
        put(
            folder,
            "changelog.xml",
            f'<databaseChangeLog xmlns="{schema}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="{schema} {schema}/dbchangelog-latest.xsd">\n'
            '  <includeAll path="changes/" relativeToChangelogFile="true"/>\n</databaseChangeLog>\n',
        )
        put(folder, "liquibase.properties", "changelog-file: changelog.xml\nheadless: true\n")
        for each in migrations:
            down = re.sub("^", "--rollback ", each.down.strip(), flags=re.MULTILINE)
            text = f"--liquibase formatted sql\n--changeset bench:{each.name}\n{each.up.strip()}\n{down}\n"
            put(folder, f"changes/{each.name}.sql", text)

    def up(self, folder, url):
        return self.command(folder, url, "update")

    def down(self, folder, url):
        return self.command(folder, url, "rollback-count", count_of(folder, "changes/*.sql"))

    def command(self, folder, url, *words):
        there = urllib.parse.urlsplit(url)
        place = f"jdbc:postgresql://{there.hostname}:{there.port}{there.path}?{there.query}"
        who = {"LIQUIBASE_COMMAND_URL": place, "LIQUIBASE_COMMAND_USERNAME": there.username}
        return Command([str(NPM / self.package / self.entry), *words], who, folder)
