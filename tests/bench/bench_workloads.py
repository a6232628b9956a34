"""The workloads of the comparison: each gives Cells, and knows no tool by name but the floors."""
import concurrent.futures
import dataclasses
import os
import subprocess
import time

import bench_peers
from bench_world import Cell, CellFailed

# A tool that took that long for a tenth of the migrations is not asked for all of them.
PATIENCE_SHARE = 1 / 12


def tables(count):
    """Small migrations: a table each."""
    return [
        bench_peers.Migration(
            f"{number:05}_bench",
            f"create table t{number:05} (id bigint primary key, name text not null);\n",
            f"drop table t{number:05};\n",
        )
        for number in range(1, count + 1)
    ]


def rows(count):
    """Migrations that only insert a row: nothing but the tool's own lock keeps them from running twice."""
    return [
        bench_peers.Migration(
            f"{number:05}_bench",
            f"insert into effects values ({number});\n",
            f"delete from effects where number = {number};\n",
        )
        for number in range(1, count + 1)
    ]


def interleaved(world, workload, cases, repeat, run):
    """Each tool once, then each once more: the machine's moods meet all of them alike. `cases`: (case, tool)."""
    costs, notes = {key: [] for key in cases}, {}
    for _ in range(repeat):
        for case, tool in cases:
            if (case, tool) in notes:
                continue
            try:
                costs[case, tool].append(run(case, tool))
            except CellFailed as failed:
                notes[case, tool] = str(failed)
    return [Cell(workload, str(case), tool, tuple(costs[case, tool]), note=notes.get((case, tool), ""))
            for case, tool in cases]


class Applied:
    """Databases to which a tool has applied so many migrations, with the cells of how long that took."""

    def __init__(self, world, peers):
        self.world, self.peers = world, peers
        self.cells = []
        self.there = {}  # (tool, count): (folder, database)
        self.outdated = []  # databases that go when all tools are done

    def apply(self, count, repeat):
        """`count` migrations from an empty database, by each tool that may be expected to come to an end."""
        migrations = tables(count)
        taken, notes, costs = [], {}, {}
        for peer in self.peers:
            note = self._hopeless(peer.name, count)
            if note:
                notes[peer.name] = note
                continue
            folder = self.world.folder(f"{peer.name}-{count}")
            peer.write(str(folder), migrations)
            taken.append((peer, folder))
            costs[peer.name] = []
        for _ in range(repeat):
            for peer, folder in taken:
                if peer.name not in notes:
                    self._apply_once(peer, folder, count, costs, notes)
        # Not before: while ext4 remembers thousands of files as deleted, it takes the next tool twice as long to
        # make new ones.
        while self.outdated:
            self.world.drop(self.outdated.pop())
        self.cells += [Cell("apply", str(count), peer.name, tuple(costs.get(peer.name, ())),
                            note=notes.get(peer.name, "")) for peer in self.peers]

    def _apply_once(self, peer, folder, count, costs, notes):
        database = self.world.database()
        try:
            costs[peer.name].append(self.world.measure(peer.up(str(folder), self.world.url(database))))
        except CellFailed as failed:
            notes[peer.name] = str(failed)
            self.outdated.append(database)
            return
        old = self.there.get((peer.name, count))
        if old:
            self.outdated.append(old[1])
        self.there[peer.name, count] = (folder, database)

    def _hopeless(self, tool, count):
        before = [cell for cell in self.cells if cell.tool == tool and cell.workload == "apply"]
        if not before:
            return ""
        last = before[-1]
        if not last.costs:
            return last.note
        slowest = max(cost.wall_seconds for cost in last.costs)
        if slowest > self.world.limit * PATIENCE_SHARE:
            return f"not tried: {slowest:.0f} s for {last.case}"
        return ""


def nothing_to_do(world, applied, peers, count, repeat):
    """A start with `count` migrations applied and nothing pending, and the floors."""
    by_name = {peer.name: peer for peer in peers}
    floor, files = "psql -c 'select 1'", "cat | sha256sum, and psql's select"

    def run(_, tool):
        if tool == floor:
            return world.measure(select_one(world))
        if tool == files:
            return world.measure(read_everything(world, *applied.there["lockstep", count]))
        folder, database = applied.there[tool, count]
        return world.measure(by_name[tool].up(str(folder), world.url(database)))

    tools = [floor, files] + [peer.name for peer in peers if (peer.name, count) in applied.there]
    return interleaved(world, "no-op start", [(count, tool) for tool in tools], repeat, run)


def select_one(world):
    return bench_peers.Command([bench_peers.psql(), "-X", "-d", world.url("postgres"), "-c", "select 1"], {}, None)


def read_everything(world, folder, database):
    """What any tool has to do that compares files with a history: read both."""
    select = "select revision, up_checksum from lockstep.history"
    script = 'cat ./*.sql | sha256sum; exec "$1" -X -A -t -d "$2" -c "$3"'
    return bench_peers.Command(
        ["/bin/sh", "-c", script, "sh", bench_peers.psql(), world.url(database), select], {}, str(folder))


def behind_latency(world, peers, milliseconds, count, repeat):
    """Applies `count` migrations from empty behind that much round trip, and counts the round trips."""
    migrations = tables(count)
    folders = {peer.name: world.folder(f"{peer.name}-latency") for peer in peers}
    for peer in peers:
        peer.write(str(folders[peer.name]), migrations)
    by_name = {peer.name: peer for peer in peers}
    trips = {}
    with world.proxy(milliseconds) as proxy:

        def run(_, tool):
            database = world.database()
            proxy.take()
            try:
                return world.measure(by_name[tool].up(str(folders[tool]), world.url(database, proxy.port)))
            finally:
                traffic = proxy.take()
                trips[tool] = traffic.total("round_trips"), len(traffic.connections)
                world.drop(database)

        cells = interleaved(world, "latency", [(f"{milliseconds} ms", peer.name) for peer in peers], repeat, run)
    return [dataclasses.replace(cell, facts={"migrations": count, "round_trips": trips[cell.tool][0],
                                             "connections": trips[cell.tool][1]})
            for cell in cells]


# So much of the machine's memory may go to programs that are started at once.
MEMORY_SHARE = 0.5


def race(world, peers, replicas, kind, count, needs):
    """`replicas` programs at the same moment, once each tool; and the tool alone, for comparison. `needs`: the
    bytes of memory that one of a tool's takes."""
    migrations = tables(count) if kind == "ddl" else rows(count)
    return [_race_of(world, peer, replicas, kind, migrations, needs.get(peer.name, 0)) for peer in peers]


def _race_of(world, peer, replicas, kind, migrations, need):
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if need * replicas > MEMORY_SHARE * memory:
        return Cell("race", f"{kind}, {replicas}", peer.name, note=f"{need >> 20} MiB each")
    folder = world.folder(f"{peer.name}-race")
    peer.write(str(folder), migrations)
    alone = _run_together(world, peer, folder, 1)
    many = _run_together(world, peer, folder, replicas)
    return Cell("race", f"{kind}, {replicas}", peer.name, facts=many | {"alone_seconds": alone["seconds"]})


def _run_together(world, peer, folder, replicas):
    database = world.database()
    world.server.run(database, "create table effects (number int)")
    with world.proxy(0) as proxy:
        command = peer.up(str(folder), world.url(database, proxy.port))
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(replicas) as pool:
            ends = list(pool.map(lambda _: _exit_of(world, command), range(replicas)))
        seconds = time.monotonic() - begin
        traffic = proxy.take()
    tables_there = world.server.run(database, "select count(*) from pg_tables where tablename ~ '^t[0-9]{5}$'")
    twice = world.server.run(
        database, "select count(*) from (select number from effects group by number having count(*) > 1) t")
    most = world.server.run(
        database, "select coalesce(max(n), 0) from (select count(*) n from effects group by number) t")
    effects = world.server.run(database, "select count(distinct number) from effects")
    world.drop(database)
    return {"seconds": seconds, "succeeded": sum(end == 0 for end in ends), "replicas": replicas,
            "peak_connections": traffic.most_open, "done": max(int(tables_there), int(effects)),
            "applied_twice": int(twice), "most_times": int(most)}


def _exit_of(world, command):
    try:
        return subprocess.run(command.argv, env=os.environ | command.env, cwd=command.cwd, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=world.limit).returncode
    except subprocess.TimeoutExpired:
        return -1


BIG_BYTES = 50_000_000


def one_big_file():
    """A load of data: many rows an INSERT."""
    parts = ["create table loaded (id int, name text, note text);\n"]
    size, number = 0, 0
    while size < BIG_BYTES:
        values = []
        for _ in range(1000):
            number += 1
            values.append(f"({number}, 'name of {number}', 'a note that is as long as notes are: {number * 7919}')")
        text = "insert into loaded values\n" + ",\n".join(values) + ";\n"
        parts.append(text)
        size += len(text)
    return bench_peers.Migration("00001_big", "".join(parts), "drop table loaded;\n")


def many_statements(count=20_000):
    text = "create table filled (id int, name text);\n"
    text += "".join(f"insert into filled values ({n}, 'name of {n}');\n" for n in range(1, count))
    return bench_peers.Migration("00001_many", text, "drop table filled;\n")


def big_file(world, peers, case, migration, repeat):
    """One file, and as the floor psql, which runs it in one transaction."""
    by_name = {peer.name: peer for peer in peers}
    folders = {}
    for peer in peers:
        folders[peer.name] = world.folder(f"{peer.name}-big")
        peer.write(str(folders[peer.name]), [migration])

    def run(_, tool):
        database = world.database()
        try:
            return world.measure(by_name[tool].up(str(folders[tool]), world.url(database)))
        finally:
            world.drop(database)

    cells = interleaved(world, "big", [(case, peer.name) for peer in peers], repeat, run)
    return [dataclasses.replace(cell, facts={"file_bytes": len(migration.up)}) for cell in cells]


def roll_back(world, applied, peers, count):
    """Everything that was applied, once."""
    cells = []
    for peer in peers:
        place = applied.there.get((peer.name, count))
        command = place and peer.down(str(place[0]), world.url(place[1]))
        if not command:
            cells.append(Cell("rollback", str(count), peer.name, note="no command for all of them"))
            continue
        try:
            cells.append(Cell("rollback", str(count), peer.name, (world.measure(command),)))
        except CellFailed as failed:
            cells.append(Cell("rollback", str(count), peer.name, note=str(failed)))
    return cells
