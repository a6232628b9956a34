# Faults: D1, D2.
"""D1 and D2: the server is restarted, fast or as by a crash, at moments of a run.

A server by itself, without a standby: what it has committed it still has afterwards, on its timeline.
"""
import contextlib
import dataclasses
import itertools
import os
import signal

import cluster as clusters
import contention_server as servers
from moments import MOMENTS, Case
from trial import Trial, TrialFailed

MODES = {"D1 fast": signal.SIGINT, "D2 immediate": signal.SIGQUIT}
STAGES = ("lock_won", "mid_body", "before_commit", "commit_runs", "acknowledged", "mid_cic", "index_verified")


class LoneServer:
    """Looks like a cluster of one node. `stop` ends it."""

    def __init__(self):
        # What is acknowledged has to be in the log.
        self.server = servers.Server(servers.find_bin(), {"synchronous_commit": "on"})
        self.nodes = [self]
        self.port = None

    def stop(self):
        self.server.stop()

    def program(self, name):
        return self.server.program(name)

    def url(self, database, _ports=()):
        return self.server.url(database)

    def sql(self, sql, database="postgres"):
        return self.server.run(database, sql)

    def system_identifier(self):
        return self.sql("select system_identifier from pg_control_system()")

    def timeline(self):
        return 1

    def restart(self, how):
        self.server.process.send_signal(how)
        self.server.process.wait()
        self.server.resume()


class RestartTrial(Trial):
    def run(self):
        with contextlib.ExitStack() as started:
            self.old = self.new = self.cluster
            self._make_scene()
            self._start_agent(started)
            self._reach_moment(started)
            before = self._identity(self.old)
            self.cluster.restart(MODES[self.case.event])
            self._let(self.new, "go")
            self._let(self.new, "go_commit")
            os.kill(self.agent.pid, signal.SIGCONT)
            self._wait_until_applied()
            self._judge_database(before, before)
            told = [line["msg"] for line in self._log() if line["event"] in ("failover", "run_failed")]
            if told:
                raise TrialFailed(f"{self.case}: a restart loses nothing, and yet: {told}")


def all_cases():
    chosen = [moment for moment in MOMENTS if moment.name in STAGES]
    for event, moment in itertools.product(MODES, chosen):
        yield Case("alone", dataclasses.replace(moment, withheld=False), event)
