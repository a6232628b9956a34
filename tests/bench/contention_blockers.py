"""What is in the migration's way: reports, sessions that stay idle in their transaction, autovacuum."""
import dataclasses
import queue
import threading
import time

from contention_server import Session, SessionEnded

HELD_SECONDS = 120


class BlockerFailed(Exception):
    """The blocker did not do what the case is about; nothing was measured."""


class Cycle(threading.Thread):
    """Holds what `read` locks for some seconds, lets go for others, again and again until it is closed."""

    def __init__(self, server, database, shape, case):
        super().__init__(daemon=True)
        self.session = Session(server, database, "report")
        self.read = shape.read
        self.case = case
        self.held = queue.Queue()
        self.closing = threading.Event()
        self.ended = None
        self.start()

    def wait_until_held(self):
        """Returns at the next moment at which the lock was just taken."""
        while not self.held.empty():
            self.held.get()
        try:
            return self.held.get(timeout=HELD_SECONDS)
        except queue.Empty:
            self.check()
            raise BlockerFailed("the blocking session never got its lock") from None

    def check(self):
        if self.ended:
            raise BlockerFailed(f"the blocking session was ended by somebody: {self.ended}")

    def close(self):
        self.closing.set()
        self.session.close()
        self.join()

    def run(self):
        try:
            while not self.closing.is_set():
                self._once()
        except SessionEnded as error:
            if not self.closing.is_set():
                self.ended = str(error)

    def _once(self):
        self.session.run(f"begin; {self.read}")
        self.held.put(time.time())
        if self.case.idle:
            self.closing.wait(self.case.on)
        else:
            self.session.run(f"select pg_sleep({self.case.on})")
        self.session.run("commit")
        self.closing.wait(self.case.off)


class Autovacuum:
    """A real autovacuum worker, slowed down by the table's own settings until it takes half a minute.

    Dead rows are made before the application starts; the worker comes within a second or two of it.
    """

    WORKER = """
select count(*) from pg_stat_activity a join pg_stat_progress_vacuum v using (pid)
 where a.backend_type = 'autovacuum worker' and a.query not like '%wraparound%'
   and v.relid = '{table}'::regclass"""

    def __init__(self, server, database, shape, case):
        self.server, self.database, self.table, self.case = server, database, shape.vacuumed, case
        server.run(
            database,
            f"""update {self.table} set state = state where id % 2 = 0;
alter table {self.table} set (autovacuum_enabled = on, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_insert_threshold = -1,
  autovacuum_analyze_threshold = 2000000000,
  autovacuum_vacuum_cost_delay = 25, autovacuum_vacuum_cost_limit = 1)""",
        )

    def wait_until_held(self):
        deadline = time.monotonic() + HELD_SECONDS
        while time.monotonic() < deadline:
            if self.server.run(self.database, self.WORKER.format(table=self.table)) != "0":
                return time.time()
            time.sleep(0.1)
        raise BlockerFailed(f"no autovacuum worker came to '{self.table}' in {HELD_SECONDS} s")

    def check(self):
        pass

    def close(self):
        pass


class Nobody:
    """No blocker: only the application itself."""

    def __init__(self, *_):
        pass

    def wait_until_held(self):
        return time.time()

    def check(self):
        pass

    def close(self):
        pass


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    about: str
    blocker: type
    baseline: float  # Seconds; of a cycle a little less than its length, so that the next one is not missed.
    on: float = 0
    off: float = 0
    idle: bool = False
    saturated: bool = False

    def phase(self, repeat):
        """Seconds after the lock was taken at which the migration starts: the worst one first, then others."""
        return 0.5 + (repeat * 0.618 % 1) * (self.on + self.off)


CASES = [
    Case("a", "a report, 8 s on and 2 s off", Cycle, baseline=9.5, on=8, off=2),
    Case("b", "a report, 20 s on and 1 s off", Cycle, baseline=20.5, on=20, off=1),
    Case("c", "idle in transaction, 8 s on and 2 s off", Cycle, baseline=9.5, on=8, off=2, idle=True),
    Case("d", "autovacuum of the table", Autovacuum, baseline=4),
    Case("e", "no blocker, saturated", Nobody, baseline=4, saturated=True),
]
