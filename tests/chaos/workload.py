"""The migrations of a round, made as it goes, and what the database has to look like when they are applied."""
import dataclasses

INDEX_EVERY = 10  # outside a transaction
SLOW_EVERY, SLOW_SECONDS, VERY_SLOW_SECONDS = 10, 0.3, 1.0
FAIL_EVERY = 25
HOSTILE_EVERY = 40

# Statements that would break the promise; each must be refused, and leave nothing.
# (name, statement, SQLSTATE of the refusal; None: the file is refused before anything is sent)
HOSTILE = [
    ("commit", "commit;", None),
    ("unlock_all", "select pg_catalog.pg_advisory_unlock_all();", None),
    ("hidden_unlock", "do $$ begin execute 'select pg_advisory_' || 'unlock_all()'; end $$;", "LS005"),
    ("discard", "discard all;", None),
    ("set_role", "set role postgres;", None),
    ("constraints_now", "set constraints all immediate;", "LS007"),
    ("prepare", "prepare transaction 'chaos';", None),
    ("hidden_role", "do $$ begin perform set_config('role', 'pg_monitor', false); end $$;", "LS006"),
]


@dataclasses.dataclass
class Revision:
    number: int
    name: str
    transactional: bool
    parts: int
    column: str = ""  # of chaos.shared
    table: str = ""
    index: str = ""
    dropped_index: str = ""
    brief: bool = False  # its commit may travel with the work of the next brief one, and be travelled with
    sleeps: float = 0.0  # s
    fails: bool = False
    hostile: str = ""  # one of HOSTILE

    def text(self, mended=True):
        """(up, down); not yet mended it fails, or does what it must not."""
        return self._up(mended), self._down()

    def _note(self, direction, part, name=None):
        values = f"('{name or self.name}', '{direction}', {part})"
        return f"insert into chaos.notes values {values};\n" if self.brief else f"select chaos.note{values};\n"

    def _up(self, mended):
        if not self.transactional:
            return self._concurrent_up()
        if self.hostile and not mended:
            return self._hostile_up()
        body = f"-- description: number {self.number}\n" + self._note("up", 1) + self._ddl_up()
        body += self._note("up", 2)
        if self.sleeps:
            body += f"select pg_sleep({self.sleeps});\n"
        if self.fails and not mended:
            body += "select 1 / 0;\n"
        if not self.brief:
            body += "select pg_sleep(0.004);\n"
        return body + self._note("up", 3)

    def _ddl_up(self):
        if self.table:
            return f"create table if not exists chaos.{self.table} (id int primary key);\n"
        return f"alter table chaos.shared add column if not exists {self.column} int;\n"

    def _down(self):
        if not self.transactional:
            return self._concurrent_down()
        ddl = f"drop table if exists chaos.{self.table};\n"
        if self.column:
            ddl = f"alter table chaos.shared drop column if exists {self.column};\n"
        return self._note("down", 1) + ddl + self._note("down", 2) + self._note("down", 3)

    def _concurrent_up(self):
        body = f"-- description: number {self.number}\n-- transaction: off\n" + self._note("up", 1)
        body += f"create index concurrently {self.index} on chaos.big (value);\n" + self._note("up", 2)
        if self.dropped_index:
            body += f"drop index concurrently chaos.{self.dropped_index};\n" + self._note("up", 3)
        return body

    def _concurrent_down(self):
        body = "-- transaction: off\n" + self._note("down", 1)
        body += f"drop index concurrently chaos.{self.index};\n" + self._note("down", 2)
        if self.dropped_index:
            body += f"create index concurrently {self.dropped_index} on chaos.big (value);\n"
            body += self._note("down", 3)
        return body

    def _hostile_up(self):
        trace = f"hostile-{self.name}"
        _, statement, _ = next(kind for kind in HOSTILE if kind[0] == self.hostile)
        return self._note("up", 1, trace) + f"create table chaos.hostile_{self.name} ();\n" + statement + "\n"


def revision(number, shape="mixed"):
    """`shape`: "mixed"; "plain"; "slow", in a transaction that takes a while; "index"; "indexes", every second one."""
    name = f"{number:04}"
    if shape in ("plain", "slow"):
        made = Revision(number, name, transactional=True, parts=3, table=f"t_{name}")  # in nobody's way
        made.sleeps = VERY_SLOW_SECONDS if shape == "slow" else 0.0
        return made
    if shape == "index" or (shape == "indexes" and number % 2 == 0):
        return Revision(number, name, transactional=False, parts=2, index=f"ix_{name}")
    if number % INDEX_EVERY == 0:
        drops = number % (3 * INDEX_EVERY) == 0
        return Revision(
            number, name, transactional=False, parts=3 if drops else 2, index=f"ix_{name}",
            dropped_index=f"ix_{number - INDEX_EVERY:04}" if drops else "",
        )
    made = Revision(number, name, transactional=True, parts=3)
    made.brief = number % 7 > 2
    if made.brief or number % 3 == 0:
        made.table = f"t_{name}"
    else:
        made.column = f"c_{name}"
    made.sleeps = SLOW_SECONDS if number % SLOW_EVERY == 5 else 0.0
    made.fails = number % FAIL_EVERY == 13
    if number % HOSTILE_EVERY == 21:
        made.hostile = HOSTILE[number // HOSTILE_EVERY % len(HOSTILE)][0]
    return made


def catalog_after(revisions):
    """What of chaos.* is there once they are all applied."""
    indexes = {each.index for each in revisions if each.index}
    return {
        "columns": sorted(["id"] + [each.column for each in revisions if each.column]),
        "tables": sorted(each.table for each in revisions if each.table),
        "indexes": sorted(indexes - {each.dropped_index for each in revisions}),
    }


class Folder:
    """Files that appear whole. At most one revision is bad at a time, and it is the last: nothing could
    follow it."""

    def __init__(self, path, shape="mixed", first_hostile=0):
        self.path, self.shape = path, shape
        self.path.mkdir()
        self.first_hostile = first_hostile
        self.revisions = []
        self.bad = None

    def add(self, shape=None, hostile=""):
        made = revision(len(self.revisions) + 1, shape or self.shape)
        made.hostile = made.hostile or hostile
        if made.hostile and not hostile:
            ours = (self.first_hostile + made.number // HOSTILE_EVERY) % len(HOSTILE)
            made.hostile = HOSTILE[ours][0]
        self.revisions.append(made)
        if made.fails or made.hostile:
            self.bad = made
        self._write(made, mended=False)
        return made

    def mend(self):
        self._write(self.bad, mended=True)
        self.bad = None

    def _write(self, made, mended):
        up, down = made.text(mended)
        for half, text in (("down", down), ("up", up)):
            aside = self.path.parent / f".{made.name}.{half}"
            aside.write_text(text, encoding="utf-8")
            aside.rename(self.path / f"{made.name}_chaos.{half}.sql")
