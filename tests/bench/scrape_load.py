"""Requests at a steady rate, whatever becomes of them, and what each of them felt."""
import dataclasses
import socket
import threading
import time

from bench_figures import spread

CONNECTIONS = 4
TIMEOUT_SECONDS = 10
WANTED_P99 = 5.0  # ms


@dataclasses.dataclass(frozen=True)
class Request:
    """Moments by the monotonic clock."""

    due: float
    sent: float  # Later than due when the one before it on its connection was late, or the client itself.
    ended: float
    good: bool  # 200, and the whole body

    @property
    def latency(self):
        """Milliseconds from when it was due: what waits behind a slow answer is slow, too."""
        return (self.ended - self.due) * 1000

    @property
    def service(self):
        """Milliseconds from when it was sent."""
        return (self.ended - self.sent) * 1000


def due_times(start, rate, connection):
    """When the requests of one connection are due: the connections take turns."""
    number = connection
    while True:
        yield start + number / rate
        number += CONNECTIONS


def body_length(head):
    """Of an answer's head; None when it does not say so, or is no 200."""
    lines = head.decode("latin-1").split("\r\n")
    if lines[0].split(" ")[1:2] != ["200"]:
        return None
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return None


class Load:
    """Runs from its construction to `close`."""

    def __init__(self, address, rate, path="/metrics"):
        self.address = address
        self.message = f"GET {path} HTTP/1.1\r\nHost: {address[0]}\r\n\r\n".encode()
        self.ending = threading.Event()
        self.sent = [[] for _ in range(CONNECTIONS)]
        start = time.monotonic() + 0.1
        self.threads = [
            threading.Thread(target=self._send, args=(due_times(start, rate, each), self.sent[each]))
            for each in range(CONNECTIONS)
        ]
        for thread in self.threads:
            thread.start()

    def close(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def requests(self):
        """All of them, in the order in which they were due. REQUIRES: it was closed."""
        return sorted((each for some in self.sent for each in some), key=lambda each: each.due)

    def _send(self, due_moments, requests):
        connection = None
        for due in due_moments:
            if self.ending.wait(max(0, due - time.monotonic())):
                break
            sent = time.monotonic()
            try:
                connection = connection or socket.create_connection(self.address, TIMEOUT_SECONDS)
                connection.sendall(self.message)
                good = read_answer(connection)
            except OSError:
                good = False
            requests.append(Request(due, sent, time.monotonic(), good))
            if not good and connection:
                connection.close()
                connection = None
        if connection:
            connection.close()


def read_answer(connection):
    """Whether it is a 200, read to its end."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = connection.recv(65536)
        if not more:
            return False
        text += more
    head, _, body = text.partition(b"\r\n\r\n")
    length = body_length(head)
    if length is None:
        return False
    left = length - len(body)
    while left > 0:
        more = connection.recv(65536)
        if not more:
            return False
        left -= len(more)
    return left == 0


@dataclasses.dataclass(frozen=True)
class Phase:
    """What the scrapes of one phase felt, in milliseconds."""

    name: str
    requests: int
    errors: int
    p50: float
    p99: float
    worst: float
    service_p50: float  # from when each was sent
    service_p99: float
    service_worst: float

    @property
    def as_wanted(self):
        return self.requests > 0 and self.errors == 0 and self.p99 <= WANTED_P99


def due_between(requests, begin, end=float("inf")):
    return [each for each in requests if begin <= each.due <= end]


def phase_of(name, requests):
    latency = spread(each.latency for each in requests)
    service = spread(each.service for each in requests)
    errors = sum(not each.good for each in requests)
    return Phase(
        name,
        len(requests),
        errors,
        latency.median,
        latency.p99,
        latency.most,
        service.median,
        service.p99,
        service.most,
    )


def heading():
    return (
        f"{'milliseconds':16}  {'requests':>8}  {'errors':>6}  {'p50':>7}  {'p99':>7}  {'max':>7}  "
        f"{'p50 sent':>8}  {'p99 sent':>8}  {'max sent':>8}"
    )


def line(phase):
    return (
        f"{phase.name:16}  {phase.requests:8}  {phase.errors:6}  {phase.p50:7.2f}  {phase.p99:7.2f}  "
        f"{phase.worst:7.2f}  {phase.service_p50:8.2f}  {phase.service_p99:8.2f}  {phase.service_worst:8.2f}"
    )
