"""A server that is none: it speaks as much of PostgreSQL's protocol as its script does."""
import contextlib
import socket
import ssl
import struct
import threading

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
CLEAR_TEXT, MD5, SASL, OK = 3, 5, 10, 0


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


def authentication(method, more=b""):
    return message(b"R", struct.pack("!i", method) + more)


def report(kind, text, severity=b"ERROR", state=b"XX000"):
    """An error or a notice of these words."""
    fields = (b"S", severity), (b"V", severity), (b"C", state), (b"M", text)
    return message(kind, b"".join(name + value + b"\0" for name, value in fields) + b"\0")


READY = (authentication(OK) + message(b"S", b"server_version\x0015.0\0") + message(b"S", b"client_encoding\0UTF8\0")
         + message(b"S", b"standard_conforming_strings\0on\0") + message(b"K", struct.pack("!ii", 7, 7))
         + message(b"Z", b"I"))


class Rogue:
    """`script(connection)` is run for each connection, after the client's first message; `certificate`: by TLS.

    `heard`: what clients said after their first message, and `started`: how many came so far.
    """

    def __init__(self, script, certificate=None):
        self.script, self.heard, self.started = script, b"", 0
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate.certificate, certificate.key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, host="127.0.0.1", options=""):
        return f"postgresql://app:Kanarie7q@{host}:{self.port}/shop?connect_timeout=20{options}"

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError), connection, self._begin(connection) as connection:
            self.started += 1
            self.script(connection)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            while data := connection.recv(65536):
                self.heard += data

    def _begin(self, connection):
        first = connection.recv(8)
        if first == SSL_REQUEST:
            connection.sendall(b"S" if self.context else b"N")
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            first = connection.recv(8)
        if first:
            connection.recv(struct.unpack("!i", first[:4])[0] - len(first))
        return connection

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
