#!/usr/bin/env python3
"""Holds each peer of the comparison to its interface, and to what it says of its transactions, on a real server.

    peers_test.py [--lockstep PATH] [unittest's own arguments]

A tool that is not installed is skipped; "tests/bench/install-peers" installs them.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import bench_peers as peers
import contention_server as servers

GIVE_UP_SECONDS = 240  # Of one start of a tool: Java needs a while where compilers run beside it.
SERVER = None

TABLES = "select count(*) from pg_class where relname ~ '^bench_[0-9]+$'"
# A change of a savepoint has a number of its own, but the moment of its transaction's commit.
MADE = "select distinct pg_xact_commit_timestamp(xmin)::text from pg_class where relname ~ '^bench_[0-9]+$'"
HISTORIES = """select format('%I.%I', schemaname, tablename) from pg_tables
  where tablename !~ '^bench_' and schemaname not in ('pg_catalog', 'information_schema')"""
RECORDED = "select distinct pg_xact_commit_timestamp(xmin)::text from {}"


def migration(number):
    table = f"bench_{number}"
    up = f"create table {table} (id int);\ninsert into {table} values ({number});\n"
    return peers.Migration(f"{number:04}_bench", up, f"drop table {table};\n")


def migrations(count):
    return [migration(number) for number in range(1, count + 1)]


class Conformance:
    """What holds for every peer; each gets a class of its own below."""

    peer = None

    def setUp(self):
        try:
            self.peer.version()
        except servers.Unusable as error:
            self.skipTest(str(error))
        scratch = tempfile.TemporaryDirectory(prefix="lockstep-bench-")
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        # The method is whatever this class was made for: its name and the test's make a database's.
        self.database = self.id().rpartition("peers_test.")[2].replace(".", "_").lower()[-63:]
        SERVER.run("postgres", f'drop database if exists "{self.database}"')
        SERVER.run("postgres", f'create database "{self.database}"')
        self.url = SERVER.tcp_url(self.database)

    def written(self, name, changes):
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        self.peer.write(folder, changes)
        return folder

    def run_it(self, command):
        return subprocess.run(
            command.argv,
            env=os.environ | command.env,
            cwd=command.cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=GIVE_UP_SECONDS,
        )

    def must(self, command):
        ran = self.run_it(command)
        self.assertEqual(ran.returncode, 0, f"{command.argv}: {ran.stdout} {ran.stderr}")

    def ask(self, sql):
        return SERVER.run(self.database, sql)

    def rows(self, count):
        """Of all tables that so many migrations make."""
        return [self.ask(f"select id from bench_{number}") for number in range(1, count + 1)]

    def test_it_has_a_version(self):
        self.assertRegex(self.peer.version(), r"^\d+\.\d+")

    def test_each_migration_is_applied_once_and_a_new_one_alone(self):
        five = self.written("five", migrations(5))
        self.must(self.peer.up(five, self.url))
        self.assertEqual(self.rows(5), ["1", "2", "3", "4", "5"])
        self.must(self.peer.up(five, self.url))
        self.must(self.peer.up(self.written("six", migrations(6)), self.url))
        self.assertEqual(self.rows(6), ["1", "2", "3", "4", "5", "6"])

    def test_it_rolls_back_everything_and_starts_anew(self):
        folder = self.written("five", migrations(5))
        down = self.peer.down(folder, self.url)
        if down is None:
            self.skipTest(f"{self.peer.name} has no command for that")
        self.must(self.peer.up(folder, self.url))
        self.must(down)
        self.assertEqual(self.ask(TABLES), "0")
        self.must(self.peer.up(folder, self.url))
        self.assertEqual(self.ask(TABLES), "5")

    def test_a_broken_migration_is_a_failure(self):
        changes = migrations(5)
        changes[2] = peers.Migration(changes[2].name, "insert into nowhere values (1);\n", "select 1;\n")
        ran = self.run_it(self.peer.up(self.written("broken", changes), self.url))
        self.assertNotEqual(ran.returncode, 0, f"{ran.stdout} {ran.stderr}")
        self.assertIn("nowhere", ran.stdout + ran.stderr)
        self.assertEqual(self.ask("select to_regclass('bench_4') is null"), "t")

    def test_its_transactions_are_what_it_says(self):
        self.must(self.peer.up(self.written("five", migrations(5)), self.url))
        made = set(self.ask(MADE).splitlines())
        recorded = set()
        for table in self.ask(HISTORIES).splitlines():
            recorded.update(self.ask(RECORDED.format(table)).splitlines())
        self.assertEqual(len(made), 1 if self.peer.transaction == peers.ALL else 5)
        self.assertEqual(len(made & recorded), 0 if self.peer.transaction == peers.APART else len(made))


def make_tests(lockstep):
    """A class for each peer, in this module's own names, where unittest looks."""
    for peer in peers.PEERS:
        if lockstep and peer.name == peers.Lockstep.name:
            peer = peers.Lockstep(lockstep)
        name = type(peer).__name__
        globals()[name] = type(name, (Conformance, unittest.TestCase), {"peer": peer})


def setUpModule():
    global SERVER
    SERVER = servers.Server(servers.find_bin(), servers.on_loopback() | {"track_commit_timestamp": "on"})
    unittest.addModuleCleanup(SERVER.stop)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--lockstep")
    ours, theirs = parser.parse_known_args()
    make_tests(ours.lockstep and os.path.abspath(ours.lockstep))
    unittest.main(argv=sys.argv[:1] + theirs)
