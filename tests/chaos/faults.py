# Faults: P2, P3, P5, P9, N3, N4, N5, N6, N8, N9, D1, D2, D13, D14, D16, D17.
"""What is done to the programs, their connections and the database, one fault at a time, by one seed.

A fault returns whether it was injected: some need a leader, or a server that answers."""
import signal

LOCK_TIMEOUT = "40ms"
STEPS = [
    "connected", "lock_try", "lock_won", "fence_bumped", "work_sent", "work_done", "commit_sent", "commit_acked",
    "unlock", "progress_written", "statement_sent", "statement_done", "statement_verified",
]
ACTIONS = ["kill", "stop", "drop"]

# How often each comes, relative to the others.
WEIGHTS = {
    "kill": 7, "stop": 6, "kill_command": 3,
    "terminate_leader": 6, "terminate_standby": 3, "terminate_lookout": 2, "terminate_pool": 3, "cancel_leader": 5,
    "cut": 7, "reset": 6, "swallow_request": 4, "swallow_answer": 4, "delay": 4, "slice": 3,
    "commit_dropped": 14, "answer_dropped": 14,
    "fail_point": 9, "access_exclusive": 4, "prepared": 3,
    "restart_fast": 0.5, "restart_immediate": 0.7,
}


class Faults:
    """`scene` is the round: its replicas, commands, wire, database, server, leader and clock."""

    def __init__(self, scene, random, weights):
        self.scene, self.random, self.weights = scene, random, weights
        self.counts = dict.fromkeys(weights, 0)
        self.number = 0

    def inject(self):
        kind = self.random.choices(list(self.weights), self.weights.values())[0]
        if getattr(self, f"_{kind}")():
            self.counts[kind] += 1
            self.scene.tell(f"fault {kind}")

    # ---- Processes ------------------------------------------------------------------------------

    def _some_replica(self):
        """Of two faults one hits the leader."""
        leader = self.scene.leading_replica()
        return leader if leader and self.random.random() < 0.5 else self.random.choice(self.scene.replicas)

    def _kill(self):
        replica = self._some_replica()
        replica.agent.kill()
        replica.start()
        return True

    def _stop(self):
        agent = self._some_replica().agent
        agent.signal(signal.SIGSTOP)
        self.scene.later(self.random.choice([0.1, 0.3, 0.6, 1.5]), lambda: agent.signal(signal.SIGCONT))
        return True

    def _stop_the_lease(self):
        """Who has the lease of a mutant, for longer than it lasts; one at a time, so that a rival is there."""
        owner = self.scene.database.try_lines("select owner from chaos.lease where ends > clock_timestamp()")
        replica = self.scene.replica_of(int(owner[0])) if owner else self.scene.leading_replica()
        if replica is None or any(each.agent.stopped() for each in self.scene.replicas):
            return False
        agent = replica.agent
        agent.signal(signal.SIGSTOP)
        self.scene.later(4.5, lambda: agent.signal(signal.SIGCONT))
        return True

    def _kill_command(self):
        running = self.scene.commands.running()
        if running:
            self.random.choice(running).kill()
        return bool(running)

    def _fail_point(self):
        """It comes into force when the replica is started; it counts when it was reached."""
        step, action = self.random.choice(STEPS), self.random.choice(ACTIONS)
        replica = self.random.choice(self.scene.replicas)
        replica.agent.kill()
        replica.start({"LOCKSTEP_FAIL_POINT": f"{step}:{action}:{self.random.randint(1, 4)}"})
        return True

    # ---- Sessions of the database ---------------------------------------------------------------

    def _ask(self, sql):
        lines = self.scene.database.try_lines(sql)
        return bool(lines) and lines[0] == "t"

    def _terminate_leader(self):
        return bool(self.scene.leader) and self._ask(f"select pg_terminate_backend({self.scene.leader})")

    def _terminate_standby(self):
        return self._terminate_one("lockstep/upgrade")

    def _terminate_lookout(self):
        return self._terminate_one("lockstep/watch")

    def _terminate_pool(self):
        return self._terminate_one("lockstep/reads")

    def _terminate_one(self, application):
        return self._ask(
            "select pg_terminate_backend(pid) from (select pid from pg_stat_activity where datname ="
            f" current_database() and application_name = '{application}' and pid <> {self.scene.leader}"
            " order by random() limit 1) chosen"
        )

    def _cancel_leader(self):
        return bool(self.scene.leader) and self._ask(f"select pg_cancel_backend({self.scene.leader})")

    def _access_exclusive(self):
        """Somebody else's lock on the table that the migrations change."""
        holder = self.scene.open_session("holder")
        if not holder:
            return False
        try:
            holder.run(f"set lock_timeout = '{LOCK_TIMEOUT}'; begin; lock table chaos.shared in access exclusive mode")
        except self.scene.SESSION_TROUBLE:
            holder.close()
            return False
        self.scene.later(self.random.choice([0.1, 0.3, 0.8]), holder.close)
        return True

    def _prepared(self):
        """A prepared transaction with a lock, which outlives its session and the server."""
        self.number += 1
        name = f"chaos-{self.number}"
        done = self.scene.database.try_lines(
            f"set lock_timeout = '{LOCK_TIMEOUT}'; begin; lock table chaos.shared in share mode;"
            f" prepare transaction '{name}'; set lock_timeout = 0"
        )
        if done is not None:
            self.scene.later(self.random.choice([0.1, 0.3]), lambda: self.scene.roll_back_prepared(name))
        return done is not None

    # ---- The server -----------------------------------------------------------------------------

    def _restart_fast(self):
        return self._restart("fast")

    def _restart_immediate(self):
        return self._restart("immediate")

    def _restart(self, how):
        self.scene.server.restart(how)
        return True

    # ---- One connection, one direction ----------------------------------------------------------

    def _connection(self):
        """Any; of two one is the leader's."""
        leaders = self._leaders_connection()
        if leaders and self.random.random() < 0.5:
            return leaders
        there = self.scene.wire.open_connections()
        return self.random.choice(there) if there else None

    def _leaders_connection(self):
        return next((each for each in self.scene.wire.open_connections() if each.backend == self.scene.leader), None)

    def _order(self, connection, words):
        if connection:
            self.scene.wire.order(connection, words)
        return connection is not None

    def _cut(self):
        return self._order(self._connection(), "cut")

    def _reset(self):
        return self._order(self._connection(), "reset")

    def _reset_lock(self):
        """The connection of a mutant that has its lock beside its work."""
        locks = [each for each in self.scene.wire.open_connections() if each.purpose == "lock"]
        return self._order(self.random.choice(locks) if locks else None, "reset")

    def _swallow_request(self):
        return self._swallow("up")

    def _swallow_answer(self):
        return self._swallow("down")

    def _swallow(self, direction):
        """Half-open for a while; then the connection is reset, as a host in between does in the end."""
        connection = self._connection()
        if self._order(connection, f"swallow {direction}"):
            self.scene.later(self.random.choice([0.2, 0.5, 1]), lambda: self.scene.wire.order(connection, "reset"))
        return connection is not None

    def _delay(self):
        return self._order(self._connection(), f"delay {self.random.choice([5, 20, 60])}")

    def _slice(self):
        return self._order(self._connection(), f"slice {self.random.choice([1, 7, 100])}")

    def _commit_dropped(self):
        return self._order(self._leaders_connection(), "commit request")

    def _answer_dropped(self):
        return self._order(self._leaders_connection(), "commit answer")
