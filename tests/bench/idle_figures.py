"""What an idle agent costs: counters of the process and the server, figures from them, what was wanted."""
import dataclasses

MIB = 1024  # KiB
WANTED_RSS = 20  # MiB
WANTED_CPU = 1  # s per hour
WANTED_CONNECTIONS = 1
WANTED_START = 50  # ms, besides connecting


def parse_status(text):
    """Of /proc/PID/status, proc(5): resident memory in KiB, and threads."""
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    kib = {name: int(fields[name].split()[0]) for name in ("VmRSS", "RssAnon", "RssFile")}
    return kib | {"Threads": int(fields["Threads"])}


def cpu_seconds(schedstats):
    """Of the /proc/PID/task/*/schedstat of all threads: the first number of each is its time on a processor
    in ns. /proc/PID/stat counts in steps of 10 ms, which are as much as an idle agent uses in a minute."""
    return sum(int(text.split()[0]) for text in schedstats) / 1e9


@dataclasses.dataclass(frozen=True)
class Idle:
    seconds: float
    rss: float  # MiB, at the end
    anonymous: float  # MiB of it: heap and stacks
    mapped: float  # MiB of it: pages of the program and its libraries, which other programs may share
    threads: int
    cpu: float  # s
    connections: int  # the most that were seen
    queries: int
    transactions: int

    @property
    def cpu_per_hour(self):
        return self.cpu * 3600 / self.seconds

    @property
    def queries_per_minute(self):
        return self.queries * 60 / self.seconds

    @property
    def transactions_per_minute(self):
        return self.transactions * 60 / self.seconds


@dataclasses.dataclass(frozen=True)
class Starts:
    """Milliseconds from the exec of each start."""

    notified: list  # to READY=1, notify.ready = "started"
    ready: list  # to a 200 of /api/v1/readiness; other starts than those
    connect: list  # of "psql -c 'select 1'", beside it


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def lines(idle, starts):
    return [
        f"resident memory          {idle.rss:8.1f} MiB   ({idle.anonymous:.1f} of its own, "
        f"{idle.mapped:.1f} of files; {idle.threads} threads)",
        f"processor                {idle.cpu_per_hour:8.2f} s/h   ({idle.cpu * 1000:.0f} ms in "
        f"{idle.seconds:.0f} s)",
        f"connections              {idle.connections:8}",
        f"queries                  {idle.queries_per_minute:8.1f} /min",
        f"transactions             {idle.transactions_per_minute:8.1f} /min",
        f"exec to READY=1          {median(starts.notified):8.1f} ms    {least_and_most(starts.notified)}",
        f"exec to readiness 200    {median(starts.ready):8.1f} ms    {least_and_most(starts.ready)}",
        f"psql -c 'select 1'       {median(starts.connect):8.1f} ms    {least_and_most(starts.connect)}",
    ]


def least_and_most(values):
    return f"(median of {len(values)}: {min(values):.1f} to {max(values):.1f})"


def judged(idle, starts):
    """(sentence, whether it holds) for all that is wanted."""
    start = median(starts.ready) - median(starts.connect)
    yield f"resident memory <= {WANTED_RSS} MiB: {idle.rss:.1f}", idle.rss <= WANTED_RSS
    yield f"processor <= {WANTED_CPU} s/h: {idle.cpu_per_hour:.2f}", idle.cpu_per_hour <= WANTED_CPU
    yield (
        f"one connection: {idle.connections}",
        idle.connections == WANTED_CONNECTIONS,
    )
    yield (
        f"ready <= {WANTED_START} ms besides connecting: {start:.1f}",
        start <= WANTED_START,
    )
