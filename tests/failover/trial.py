"""One trial: an agent migrates, the primary is lost at one moment, and what was left is judged."""
import contextlib
import json
import os
import pathlib
import signal
import time
import urllib.request

import bench_agent as agents
import cluster as clusters
import contention_server as servers
from proxy import Proxy
from moments import REVISIONS

# Without any constraint: what is done twice stands there twice.
SCENE = """
create table effects (revision text);
create table go (at timestamptz);
create table go_commit (at timestamptz);
create table big as select generate_series(1, 1000) as id;
create function hold_commit() returns trigger language plpgsql as $$ begin
  while not exists (select from go_commit) loop perform pg_sleep(0.01); end loop; return null;
end $$;
create constraint trigger hold_commit after insert on effects deferrable initially deferred
  for each row when (new.revision = '0001') execute function hold_commit();
"""
# Ends once there is a row in "go".
GATE = "do $$ begin while not exists (select from go) loop perform pg_sleep(0.01); end loop; end $$;\n"
MIGRATIONS = {
    "0001": "insert into effects values ('0001');\n" + GATE,
    "0002": "insert into effects values ('0002');\n",
    "0003": "-- transaction: off\n\ncreate index concurrently big_id on big (id);\n",
}
# In synchronous mode, too, the test's own rows wait for no standby.
LET = "set synchronous_commit = local; insert into {} values (now());"
OURS = "from pg_stat_activity where datname = current_database() and application_name like 'lockstep/upgrade%'"


class TrialFailed(Exception):
    """What was left is not as it has to be; the text says what."""


def write_migrations(folder):
    folder.mkdir()
    for revision, body in MIGRATIONS.items():
        (folder / f"{revision}.up.sql").write_text(body, encoding="utf-8")
        (folder / f"{revision}.down.sql").write_text("select 1;\n", encoding="utf-8")
    return folder


def metric(agent, name, label=""):
    """The value of the one series of this name that has the label."""
    host, port = agent.address()
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return float(next(line.rpartition(" ")[2] for line in lines if line.startswith(name + "{") and label in line))


class Trial:
    def __init__(self, cluster, lockstepd, migrations, case, number):
        self.cluster, self.lockstepd, self.migrations = cluster, lockstepd, migrations
        self.case, self.moment = case, case.moment
        self.number = number
        self.database = f"trial{number}"
        self.old = self.new = self.agent = self.proxy = self.walsender = None

    def run(self):
        """What became of each revision, by its name. TrialFailed when that is not what has to come of it."""
        with contextlib.ExitStack() as started:
            self._prepare()
            started.callback(self._let_everything_go)
            self._start_agent(started)
            self._reach_moment(started)
            before = self._identity(self.old)
            self._lose_primary()
            self._go_on()
            try:
                return self._judge(before)
            except TrialFailed as problem:
                raise TrialFailed(f"{problem}\n{self.agent.said()}") from None

    # ---- Until the moment ----------------------------------------------------------------------------

    def _prepare(self):
        self.old = self.cluster.wait_until_whole(self.case.mode == "sync")
        # The last one's, so that the nodes stay small: a standby that was killed copies them.
        self.old.sql(f"drop database if exists trial{self.number - 1} with (force)")
        self._make_scene()
        self.cluster.wait_until_replayed(self.old)

    def _make_scene(self):
        self.old.sql(f"create database {self.database}")
        self.old.sql(SCENE, self.database)
        if self.moment.arrival != "in_commit":
            self._let(self.old, "go_commit")
        if not self._is_gated():
            self._let(self.old, "go")

    def _is_gated(self):
        return self.moment.withheld or self.moment.arrival == "in_body"

    def _let(self, node, table):
        node.sql(LET.format(table), self.database)

    def _start_agent(self, started):
        ports = [node.port for node in self.cluster.nodes]
        if self.moment.arrival == "unread":
            # The first COMMIT of all is that of the bookkeeping.
            self.proxy = Proxy(ports, hold=2)
            started.callback(self.proxy.close)
            ports = self.proxy.ports
        self.agent = self._new_agent(ports, {"LOCKSTEP_FAIL_POINT": self.moment.fail_point})
        started.callback(self.agent.close)

    def _new_agent(self, ports, environment=None):
        url = self.cluster.url(self.database, ports)
        settings = ['refresh = "1s"']
        agent = agents.Agent(self.lockstepd, url, self.migrations, settings, environment=environment)
        agent.ignore_notifications()
        return agent

    def _reach_moment(self, started):
        if self.moment.arrival == "in_index":
            # An older snapshot, for which the build has to wait.
            reader = servers.Session(self.old, self.database, "reader")
            started.callback(reader.close)
            reader.run("begin isolation level repeatable read; select count(*) from big")
        if self._is_gated():
            self._wait("agent in the body", f"select exists (select {OURS} and wait_event = 'PgSleep')")
        if self.moment.withheld:
            self.walsender = self.old.walsender()
            os.kill(self.walsender, signal.SIGSTOP)
            self._let(self.old, "go")
        getattr(self, f"_wait_until_{self.moment.arrival}")()

    def _wait(self, what, question):
        clusters.wait_for(f"{what}: {self.agent.said()}", lambda: self.old.sql(question, self.database) == "t")

    def _wait_until_stopped(self):
        stat = pathlib.Path(f"/proc/{self.agent.pid}/stat")
        clusters.wait_for(
            f"stopped agent: {self.agent.said()}", lambda: stat.read_text().rpartition(")")[2].split()[0] == "T"
        )

    def _wait_until_in_body(self):
        pass  # It is gated.

    def _wait_until_in_commit(self):
        self._wait("COMMIT", f"select exists (select {OURS} and wait_event = 'PgSleep' and query = 'commit')")

    def _wait_until_unread(self):
        if not self.proxy.answered.wait(clusters.PATIENCE_SECONDS):
            raise clusters.ClusterFailed(f"there was no answer to COMMIT: {self.agent.said()}")
        if not self.moment.withheld:
            self.cluster.wait_until_replayed(self.old)

    def _wait_until_waits_for_standby(self):
        self._wait("COMMIT that waits", f"select exists (select {OURS} and wait_event = 'SyncRep')")
        # D18: it stays so, and nobody else gets the lock meanwhile; the alert on long migrations has its metric.
        with contextlib.closing(self._new_agent([node.port for node in self.cluster.nodes])) as second:
            clusters.wait_for("second agent that stands by", lambda: "stands by" in second.said())
            leading = [metric(agent, "lockstep_leader") for agent in (self.agent, second)]
            running = metric(self.agent, "lockstep_migration_in_progress")
        if leading != [1, 0] or running != 1:
            raise TrialFailed(f"D18: the agents lead as {leading}; in progress: {running}")

    def _wait_until_in_index(self):
        self._wait(
            "index build that waits",
            "select exists (select from pg_stat_progress_create_index where phase = 'waiting for old snapshots')",
        )

    # ---- The event -----------------------------------------------------------------------------------

    def _lose_primary(self):
        if self.case.event == "kill":
            self.old.kill()
            self.new = self.cluster.wait_for_promotion(self.cluster.other(self.old))
        else:
            self.new = self.cluster.switch_over(self.old, self._let_walsender_end)

    def _let_walsender_end(self):
        """The server is shut down, and its last sender waited for, once the sessions have ended."""
        if not self.walsender:
            return
        # Until it is asked to shut down it takes sessions, also from us.
        def refuses():
            try:
                self.old.sql("select 1")
                return False
            except servers.StatementFailed:
                return True

        clusters.wait_for("primary that shuts down", refuses)
        os.kill(self.walsender, signal.SIGCONT)

    def _go_on(self):
        self._let(self.new, "go")
        self._let(self.new, "go_commit")
        os.kill(self.agent.pid, signal.SIGCONT)
        if self.case.event == "kill":
            self.old.start()  # It follows the new one by the next trial.
        self._wait_until_applied()

    def _wait_until_applied(self):
        deadline = time.monotonic() + 2 * clusters.PATIENCE_SECONDS
        while True:
            status, answer = self.agent.request("GET", "/api/v1/wait?timeout=10s")
            if status == 200 and answer.get("state") == "reached":
                return
            if time.monotonic() > deadline:
                raise TrialFailed(f"the folder was not applied: {answer}\n{self.agent.said()}")

    def _let_everything_go(self):
        """So that the next trial finds the cluster whole, whatever has failed."""
        if self.walsender:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.walsender, signal.SIGCONT)
        for node in self.cluster.nodes:
            if node.patroni.poll() is not None:
                node.start()

    # ---- Afterwards ----------------------------------------------------------------------------------

    def _identity(self, node):
        return node.system_identifier(), node.timeline()

    def _judge(self, before):
        now = self._identity(self.new)
        if now[0] != before[0] or now[1] <= before[1]:
            raise TrialFailed(f"there was no failover: {before} became {now}")
        self._judge_database(before, now)
        self._judge_agent(before[1], now[1])
        return {revision: self._fate(revision) for revision in REVISIONS}

    def _judge_database(self, before, now):
        self._expect("0001 0002", "select string_agg(revision, ' ' order by revision) from effects", "effects")
        self._expect("1", "select count(*) from pg_index where indrelid = 'big'::regclass and indisvalid", "indexes")
        self._expect("0", "select count(*) from pg_index where not indisvalid", "invalid indexes")
        timelines = {
            revision: before[1] if self.moment.survives(revision, self.case.event) else now[1]
            for revision in REVISIONS
        }
        rows = " ".join(f"{revision}:1:t:{now[0]}:{timeline}" for revision, timeline in timelines.items())
        self._expect(
            rows,
            "select string_agg(concat_ws(':', revision, change, present, system_identifier, timeline), ' '"
            " order by sequence) from lockstep.history",
            "history",
        )

    def _expect(self, wanted, question, what):
        found = self.new.sql(question, self.database)
        if found != wanted:
            raise TrialFailed(f"{what}: \"{found}\", not \"{wanted}\"")

    def _judge_agent(self, before, now):
        lost = self.moment.lost(self.case.event)
        told = [line["msg"] for line in self._log() if line["event"] == "failover"]
        end = f"committed before, and lost with that: {', '.join(lost)}" if lost else "the history is whole"
        wanted = [f"another server leads now: timeline {before} became {now}; {end}"]
        if told != wanted:
            raise TrialFailed(f"D3: the agent says {told}, not {wanted}")
        counted = metric(self.agent, "lockstep_failovers_total"), metric(self.agent, "lockstep_migrations_lost_total")
        if counted != (1, len(lost)):
            raise TrialFailed(f"D3: failovers and lost migrations are counted as {counted}")

    def _log(self):
        return [json.loads(line) for line in self.agent.log.read_text(encoding="utf-8").splitlines()]

    def _fate(self, revision):
        if revision in self.moment.lost(self.case.event):
            return "lost, again"
        return "kept" if self.moment.survives(revision, self.case.event) else "new"
