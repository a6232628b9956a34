"""The proxies of a round, and what went over them: the witness that stands between programs and database."""
import dataclasses
import subprocess
import threading


@dataclasses.dataclass
class Connection:
    id: int
    replica: int
    backend: int
    application: str  # as it was given when it connected: lockstep/upgrade, lockstep/watch, lockstep/look

    @property
    def purpose(self):
        return self.application.removeprefix("lockstep/")


class Wire:
    """Thread: one gives orders, its own reads what comes."""

    def __init__(self, program, url, count):
        self.process = subprocess.Popen(
            [program, url, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            start_new_session=True,
        )
        self.lock = threading.Lock()
        self.connections = {}  # those that are open, by id
        self.replicas = {}  # of all connections ever, by id
        self.tries = []  # (attempt, revision)
        self.acknowledged = []  # (attempt, tag)
        self.doubts = []  # (attempt, what was lost, replica)
        self.carried = []  # attempts whose commit travelled with the next migration's work
        self.ports = [int(self.process.stdout.readline().split()[2]) for _ in range(count)]
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            what, number, *words = line.split(maxsplit=4)
            with self.lock:
                self._note(what, int(number), words)

    def _note(self, what, number, words):
        if what == "open":
            replica, backend, application = int(words[0]), int(words[1]), words[2].strip()
            self.connections[number] = Connection(number, replica, backend, application)
            self.replicas[number] = replica
        elif what == "end":
            self.connections.pop(number, None)
        elif what == "work":
            self.tries.append((words[0], words[1]))
        elif what == "commit" and words[1] == "carried":
            self.carried.append(words[0])
        elif what == "answer":
            self.acknowledged.append((words[0], words[1]))
        elif what == "doubt":
            self.doubts.append((words[0], words[1], self.replicas.get(number)))

    def open_connections(self):
        with self.lock:
            return list(self.connections.values())

    def order(self, connection, words):
        self.process.stdin.write(f"{connection.id} {words}\n")
        self.process.stdin.flush()

    def seen(self):
        with self.lock:
            return {
                "tries": list(self.tries),
                "acknowledged": list(self.acknowledged),
                "doubts": list(self.doubts),
                "carried": list(self.carried),
            }

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join()
        self.process.stdout.close()
