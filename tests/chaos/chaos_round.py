"""One round: a database and a folder of their own, faults while its migrations are applied, then quiet, then the
witnesses. A run is as many rounds as it takes."""
import heapq
import itertools
import json
import pathlib
import signal
import time

import faults
import programs
import witness
import workload
from chaos_server import Database, servers
from wire import Wire

PAUSE = 0.01  # s, of the driver between two looks at what is due
LOOK_EVERY = 0.05
TRIGGER_EVERY = 0.12
COMMAND_EVERY = 1.5
DOWNGRADE_EVERY = 3.0
FINISH_EVERY = 0.3  # what an operator does: who began a rollback sees to its end
SAMPLE_EVERY = 1.0
AHEAD = 8  # revisions that are there and not applied yet


class Round:
    """`options`: the programs' paths, the number of replicas, the mean gap of faults, and so on."""

    SETTINGS = ""  # of the agents, beside those of all
    SESSION_TROUBLE = (servers.SessionEnded, OSError)

    def __init__(self, options, server, number, random, folder):
        self.options, self.server, self.number, self.random = options, server, number, random
        self.folder = pathlib.Path(folder) / f"round-{number}"
        self.folder.mkdir(parents=True)
        self.database = Database(server, f"chaos_{number}", options.rows)
        self.wire = Wire(options.proxy, server.url("postgres"), options.replicas + 1)
        self.migrations = workload.Folder(self.folder / "migrations", options.shape, first_hostile=number)
        self.replicas = [
            programs.Replica(
                index, options.lockstepd, self.folder / f"agent-{index}", self.url(index), self.migrations.path,
                options.environment, self.SETTINGS,
            )
            for index in range(options.replicas)
        ]
        self.commands = programs.Commands(
            options.lockstep, self.folder / "commands", self.url(options.replicas), self.migrations.path,
            options.environment,
        )
        self.faults = faults.Faults(self, random, options.weights)
        self.due = []  # (moment, number, what to do)
        self.numbers = itertools.count()
        self.leader = 0  # the backend with the migration lock, as it was last seen
        self.applied = self.half_rolled_back = 0
        self.free_since, self.longest_free = None, 0.0
        self.resources = []  # (resident kilobytes, descriptors) of agents
        self.ended_by_themselves = []  # exit codes of agents that nobody killed
        self.sessions = []
        self.diary = open(self.folder / "diary", "w", encoding="utf-8")
        self.began = time.monotonic()

    def url(self, index):
        return f"postgresql://postgres@127.0.0.1:{self.wire.ports[index]}/{self.database.name}"

    def tell(self, text):
        self.diary.write(f"{time.monotonic() - self.began:8.3f} {text}\n")

    # ---- What the faults need -------------------------------------------------------------------

    def later(self, seconds, action):
        heapq.heappush(self.due, (time.monotonic() + seconds, next(self.numbers), action))

    def leading_replica(self):
        return self.replica_of(self.leader)

    def replica_of(self, backend):
        for each in self.wire.open_connections():
            if each.backend == backend and each.replica < len(self.replicas):
                return self.replicas[each.replica]
        return None

    def open_session(self, application):
        try:
            session = self.database.open(application)
        except OSError:
            return None
        self.sessions.append(session)
        return session

    def roll_back_prepared(self, name):
        """Until it is done: the server may just be away."""
        lines = self.database.try_lines(f"rollback prepared '{name}'")
        if lines is None:
            self.later(0.1, lambda: self.roll_back_prepared(name))

    # ---- The round ------------------------------------------------------------------------------

    def run(self, revisions, deadline):
        """Until so many revisions are there and applied, or until the moment `deadline`. The witness."""
        try:
            for replica in self.replicas:
                replica.start()
            self._disturb(revisions, deadline)
            resumed = self._wait_for_quiet()
            return self._witness(resumed)
        finally:
            self.close()

    def _disturb(self, revisions, deadline):
        moments = dict.fromkeys(("fault", "look", "trigger", "command", "downgrade", "finish", "sample"), 0.0)
        while time.monotonic() < deadline and not self._all_there(revisions):
            now = time.monotonic()
            self._do_what_is_due(now)
            if now >= moments["look"]:
                moments["look"] = now + LOOK_EVERY
                self._look()
                self._feed(revisions)
            if now >= moments["fault"]:
                moments["fault"] = now + self.random.expovariate(1 / self.options.gap)
                self.faults.inject()
            if now >= moments["trigger"]:
                moments["trigger"] = now + TRIGGER_EVERY
                self._trigger(self.random.choice(self.replicas))
            if now >= moments["command"] and self.options.commands:
                moments["command"] = now + COMMAND_EVERY
                self.commands.start(["upgrade"])
            if now >= moments["downgrade"] and self.applied > 3 and self.options.commands:
                moments["downgrade"] = now + DOWNGRADE_EVERY
                self._downgrade()
            if now >= moments["finish"] and self.half_rolled_back:
                moments["finish"] = now + FINISH_EVERY
                self._downgrade()
            if now >= moments["sample"]:
                moments["sample"] = now + SAMPLE_EVERY
                self._sample()
            self._revive()
            time.sleep(PAUSE)

    def _all_there(self, revisions):
        made = self.migrations.revisions
        return len(made) >= revisions and self.applied >= len(made) and not self.migrations.bad

    def _do_what_is_due(self, now):
        while self.due and self.due[0][0] <= now:
            heapq.heappop(self.due)[2]()

    def _look(self):
        lines = self.database.try_lines("select chaos.look()")
        now = time.monotonic()
        if not lines:
            self.leader, self.free_since = 0, None
            return
        self.applied, self.half_rolled_back, self.leader = (int(word) for word in lines[0].split())
        pending = self.applied < len(self.migrations.revisions) and not self.migrations.bad
        if self.leader or not pending:
            self.free_since = None
        elif self.free_since is None:
            self.free_since = now
        else:
            self.longest_free = max(self.longest_free, now - self.free_since)

    def _feed(self, revisions):
        made = self.migrations.revisions
        if self.migrations.bad:
            if self._was_refused(self.migrations.bad):
                self.migrations.mend()
                self.tell(f"mended {made[-1].name}")
        elif len(made) < revisions and self.applied > len(made) - AHEAD:
            self.migrations.add()

    def _was_refused(self, bad):
        """The database has its failed attempt; or, refused before anything was sent, an agent says so."""
        state = next((kind[2] for kind in workload.HOSTILE if kind[0] == bad.hostile), "22012")
        if state:
            found = self.database.try_lines(
                f"select count(*) > 0 from lockstep.attempts where revision = '{bad.name}' and sqlstate = '{state}'"
            )
            return bool(found) and found[0] == "t"
        for replica in self.replicas:
            answer = replica.request("GET", "/api/v1/status")
            if answer and "the migrations have errors" in answer[1]:
                return True
        return False

    def _trigger(self, replica):
        if self.random.random() < 0.5:
            replica.trigger()
        else:
            replica.order("upgrade", "head")

    def _downgrade(self):
        if self.random.random() < 0.5:
            self.random.choice(self.replicas).order("downgrade", "-1")
        else:
            self.commands.start(["downgrade", "-1"])

    def _sample(self):
        for replica in self.replicas:
            used = replica.agent.resources()
            if used:
                self.resources.append(used)

    def _revive(self):
        """What has ended is started again; what a fail-point has stopped goes on after a while."""
        for replica in self.replicas:
            agent = replica.agent
            if not agent.alive():
                self._reached(agent)
                if not agent.killed:
                    self.ended_by_themselves.append(agent.child.returncode)
                replica.start()
            elif agent.fail_point.split(":")[1:2] == ["stop"] and agent.stopped():
                self._reached(agent)
                agent.fail_point = ""
                self.later(self.random.choice([0.2, 0.8]), lambda agent=agent: agent.signal(signal.SIGCONT))

    def _reached(self, agent):
        if agent.fail_point and agent.child.returncode == -signal.SIGKILL:
            agent.killed = True

    # ---- Quiet ----------------------------------------------------------------------------------

    def _wait_for_quiet(self):
        """No fault any more; the seconds until a revision was applied again, and until all were."""
        if self.migrations.bad:
            self.migrations.mend()
        self._end_faults()
        ended = time.monotonic()
        before, first, last = self.applied, None, None
        while time.monotonic() - ended < self.options.patience:
            self._do_what_is_due(time.monotonic())
            self._look()
            if first is None and self.applied > before:
                first = time.monotonic() - ended
            if self._nothing_is_under_way():
                last = time.monotonic() - ended
                break
            if self.half_rolled_back:
                self._downgrade()
            self._revive()
            for replica in self.replicas:
                replica.trigger()
            time.sleep(LOOK_EVERY if not self.half_rolled_back else FINISH_EVERY)
        return {"first": first if first is not None else last, "all": last}

    def _nothing_is_under_way(self):
        """An order may still wait in its agent when all is applied: it would undo some of it behind the witnesses."""
        if not self._is_done() or not all(run and run["state"] == "ended" for _, run in self._orders()):
            return False
        self._look()
        return self._is_done()

    def _is_done(self):
        return self.applied == len(self.migrations.revisions) and not self.leader and not self.commands.running()

    def _orders(self):
        """(pid, run): what each living agent says of the orders that it was given; None when it says nothing."""
        for replica in self.replicas:
            for pid, run in replica.orders:
                if pid == replica.agent.pid:
                    answer = replica.request("GET", f"/api/v1/runs/{run}", patience=10)
                    yield pid, json.loads(answer[1]) if answer and answer[0] == 200 else None

    def _wait_until(self, happened):
        until = time.monotonic() + self.options.patience
        while not happened() and time.monotonic() < until:
            time.sleep(LOOK_EVERY)

    def _end_faults(self):
        self.tell("quiet")
        for replica in self.replicas:
            replica.agent.signal(signal.SIGCONT)
        while self.due:
            heapq.heappop(self.due)[2]()
        for connection in self.wire.open_connections():
            self.wire.order(connection, "reset")
        for replica in self.replicas:
            if replica.agent.fail_point:
                replica.agent.kill()
                replica.start()

    def _witness(self, resumed):
        told = {
            "round": self.number, "seed": self.options.seed, "resumed": resumed, "longest_free": self.longest_free,
            "revisions": [witness.of_revision(each) for each in self.migrations.revisions],
            "model": workload.catalog_after(self.migrations.revisions),
            "faults": dict(self.faults.counts), "resources": self.resources,
        }
        runs, metrics = self._ask_agents()
        told["left_over"] = self._left_over()
        told["bad_ends"] = list(self.ended_by_themselves)
        for replica in self.replicas:
            told["bad_ends"] += [code for code in [replica.leave()] if code != 0]
        told |= witness.of_database(self.database)
        # It says of each connection that it has ended after what went over it.
        self._wait_until(lambda: not self.wire.open_connections())
        told["wire"] = self.wire.seen()
        told["processes"] = [
            witness.of_process(process, "agent") for replica in self.replicas for process in replica.processes
        ] + [witness.of_process(process, "command") for process in self.commands.processes]
        for process in told["processes"]:
            process["runs"] = runs.get(process["pid"], [])
            process["metrics"] = metrics.get(process["pid"])
        told["log_bytes"] = sum(path.stat().st_size for path in self.folder.rglob("*.log"))
        (self.folder / "witness.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
        return told

    def _left_over(self):
        """The server ends sessions that were cut a moment after it is told so; what stays, stays."""
        self._wait_until(lambda: not any(witness.left_over(self.database).values()))
        return witness.left_over(self.database)

    def _ask_agents(self):
        runs, metrics = {}, {}
        for pid, run in self._orders():
            runs.setdefault(pid, []).append(run)
        for replica in self.replicas:
            metrics[replica.agent.pid] = self._metrics_of(replica)
        return runs, metrics

    def _metrics_of(self, replica):
        """Once the agent has looked at database and folder again; what it shows does not change then."""
        wanted = {"applied": len(self.migrations.revisions), "pending": 0, "failed": 0, "ahead": 0}
        lines = [f'lockstep_migrations_{name}{{target="default"}} {value}\n' for name, value in wanted.items()]
        answers = []

        def has_looked():
            answers[:] = [replica.request("GET", "/metrics", patience=10)]
            return answers[0] and all(line in answers[0][1] for line in lines)

        self._wait_until(has_looked)
        return answers[0][1] if answers[0] else None

    def close(self):
        for process in self.commands.running() + [replica.agent for replica in self.replicas if replica.processes]:
            if process.alive():
                process.kill()
        for session in self.sessions:
            session.close()
        self.wire.close()
        self.database.close()
        self.diary.close()
