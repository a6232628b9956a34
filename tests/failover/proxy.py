"""Stands between the agent and the servers: keeps one COMMIT's answer to itself, or leads elsewhere."""
import contextlib
import socket
import threading

COMMIT = b"Q\0\0\0\x0bcommit\0"


class Proxy:
    """Starts in its constructor, with a port of its own for each server's. `close` ends it.

    The `hold`-th COMMIT of all that pass reaches its server, and nothing that this server says to that client
    from then on is passed on; `answered` is set when it says something.
    """

    def __init__(self, servers, hold=0):
        self.servers, self.hold = list(servers), hold
        self.answered = threading.Event()
        self.lock = threading.Lock()
        self.commits = 0
        self.connections = []
        self.doors = [socket.create_server(("127.0.0.1", 0)) for _ in self.servers]
        self.ports = [door.getsockname()[1] for door in self.doors]
        for number, door in enumerate(self.doors):
            threading.Thread(target=self._accept, args=(door, number), daemon=True).start()

    def lead_to(self, server):
        """All to this one from now on; whoever is connected has to connect again."""
        self.servers = [server] * len(self.servers)
        self._cut()

    def close(self):
        for door in self.doors:
            with contextlib.suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)
            door.close()
        self._cut()

    def _cut(self):
        with self.lock:
            cut, self.connections = self.connections, []
        _end(cut)

    def _accept(self, door, number):
        with contextlib.suppress(OSError):  # It was closed.
            while True:
                client, _ = door.accept()
                try:
                    upstream = socket.create_connection(("127.0.0.1", self.servers[number]))
                except OSError:
                    client.close()  # As a server that is away refuses.
                    continue
                with self.lock:
                    self.connections += [client, upstream]
                silent = threading.Event()
                for pass_on in (self._ask, self._answer):
                    threading.Thread(target=pass_on, args=(client, upstream, silent), daemon=True).start()

    def _ask(self, client, upstream, silent):
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 16):
                if data == COMMIT and self._is_to_be_held():
                    silent.set()
                upstream.sendall(data)
        _end([client, upstream])

    def _is_to_be_held(self):
        with self.lock:
            self.commits += 1
            return self.commits == self.hold

    def _answer(self, client, upstream, silent):
        with contextlib.suppress(OSError):
            while data := upstream.recv(1 << 16):
                if silent.is_set():
                    self.answered.set()
                else:
                    client.sendall(data)
        _end([client, upstream])


def _end(sockets):
    """Both directions; the threads that read them come to their end."""
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
