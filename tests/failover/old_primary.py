"""D4: an old primary that comes back and takes changes is refused, with clear words, and gets none.

Patroni has failed over; the old primary is started again by hand, outside of Patroni. Three agents: one that
knows both servers and has seen the new one lead; one that starts now; one with a single address, which led to
the new primary and now leads to the old one.
"""
import contextlib

import bench_agent as agents
import cluster as clusters
import trial as trials
from proxy import Proxy

DATABASE = "old_primary"
TWO = "two servers of one cluster take changes"
OLD = "the server is an old primary: it is on timeline"


class OldPrimary:
    def __init__(self, cluster, lockstepd, folder):
        self.cluster, self.lockstepd = cluster, lockstepd
        self.migrations = folder / "old_primary"
        self.migrations.mkdir()

    def run(self):
        """TrialFailed when one of the agents is not kept from the old primary, or does not go on after it."""
        with contextlib.ExitStack() as started:
            old = self.cluster.use_mode(synchronous=False)
            old.sql(f"create database {DATABASE}")
            self._add("0001")
            self._start(started, [node.port for node in self.cluster.nodes]).wait_until_ready()
            self.cluster.wait_until_replayed(old)
            old.kill()
            new = self.cluster.wait_for_promotion(self.cluster.other(old))
            proxy = Proxy([new.port])
            started.callback(proxy.close)
            single = self._start(started, proxy.ports)
            single.wait_until_ready()
            both = [old.port, new.port]
            knows = self._start(started, both)
            knows.wait_until_ready()
            server = old.start_alone()
            started.callback(clusters.end, server)
            self._add("0002")
            fresh = self._start(started, both)
            proxy.lead_to(old.port)
            self._expect_refusal(knows, TWO)
            self._expect_refusal(fresh, TWO)
            self._expect_refusal(single, OLD)
            for node in (old, new):
                self._expect_effects(node, "0001")
            # The old one is stopped: all of them go on by themselves.
            clusters.end(server)
            proxy.lead_to(new.port)
            for agent in (knows, fresh, single):
                agent.wait_until_ready(pause=0.05)
            self._expect_effects(new, "0001 0002")
            old.start()

    def _add(self, revision):
        for direction, body in ("down", "select 1;\n"), ("up", f"create table effect_{revision} ();\n"):
            (self.migrations / f"{revision}.{direction}.sql").write_text(body, encoding="utf-8")

    def _start(self, started, ports):
        url = self.cluster.url(DATABASE, ports)
        agent = agents.Agent(self.lockstepd, url, self.migrations, settings=['refresh = "1s"'])
        started.callback(agent.close)
        agent.ignore_notifications()
        return agent

    def _expect_refusal(self, agent, words):
        clusters.wait_for(f"\"{words}\" of {agent.said()}", lambda: words in agent.log.read_text(encoding="utf-8"))
        if trials.metric(agent, "lockstep_passive", 'reason="old_primary"') != 1:
            raise trials.TrialFailed("D4: no metric shows that the old primary is left alone")
        if agent.request("GET", "/api/v1/readiness")[0] != 503:
            raise trials.TrialFailed("D4: an agent is ready that is kept from its database")
        if "run_failed" in agent.log.read_text(encoding="utf-8"):
            raise trials.TrialFailed(f"D4: the agent is not quiet about it: {agent.said()}")

    def _expect_effects(self, node, revisions):
        asked = "select string_agg(right(relname, 4), ' ' order by relname) from pg_class where relname like 'effect%'"
        found = node.sql(asked, DATABASE)
        if found != revisions:
            raise trials.TrialFailed(f"D4: node {node.name} has \"{found}\", not \"{revisions}\"")
