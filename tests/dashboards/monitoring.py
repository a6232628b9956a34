"""A private Prometheus and Alertmanager, a receiver of what fires, and an exporter of what no agent can say."""
import http.server
import json
import pathlib
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE = 120  # seconds; only how long a broken test takes to say so
POLL = 0.1
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Each time in the rules, where it stands, and by how much the trial divides it.
TIMES = ((re.compile(r"(?<=\bfor: )(\d+)([smhd])\b"), 300), (re.compile(r"(?<=\[)(\d+)([smhd])(?=\])"), 60),
         (re.compile(r"(?<=\boffset )(\d+)([smhd])\b"), 60))
MINUTES = re.compile(r"(?<=\* )60\b")


class Broken(Exception):
    pass


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(look, what: str):
    """What look() returns as soon as that is something; Broken after a generous time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(POLL)
    raise Broken(f"in vain, for {PATIENCE} s: {what}")


def shortened(rules: str) -> str:
    """The rules with other times and nothing else: minutes become seconds, what is waited for still less."""
    for times, divisor in TIMES:
        rules = times.sub(lambda found: f"{max(1, int(found[1]) * UNITS[found[2]] // divisor)}s", rules)
    return MINUTES.sub("1", rules)


def without_times(rules: str) -> str:
    for times, _ in TIMES:
        rules = times.sub("TIME", rules)
    return re.sub(r"(?<=\* )(60|1)\b", "TIME", rules)


class Server(http.server.ThreadingHTTPServer):
    """Of the test's own, in a thread; `address` is its HOST:PORT."""

    daemon_threads = True

    def __init__(self, handler: type):
        super().__init__(("127.0.0.1", 0), handler)
        self.address = f"127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class Receiver(Server):
    """Alertmanager's webhook: when each alert came here firing for the first time."""

    def __init__(self):
        self.firing: dict[str, float] = {}
        self.came = threading.Condition()
        self.begun = time.time()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                receiver.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(Handler)

    def take(self, told: dict) -> None:
        with self.came:
            for alert in told["alerts"]:
                if alert["status"] == "firing":
                    self.firing.setdefault(alert["labels"]["alertname"], time.time())
            self.came.notify_all()

    def wait_for(self, *alerts: str) -> None:
        with self.came:
            if not self.came.wait_for(lambda: self.firing.keys() >= set(alerts), PATIENCE):
                raise Broken(f"did not arrive: {', '.join(sorted(set(alerts) - self.firing.keys()))}")
        print(f"{time.time() - self.begun:4.0f} s: {', '.join(alerts)}", flush=True)


class MadeUp(Server):
    """What real agents do not say, one page for each of two `agents` at /1 and /2: another version each, the
    leadership of one target at the same time, and a pool that is used up. (One database gives its lock to one
    agent, and an agent's pool has one user only.) Until it `speaks` it is as if it were not there."""

    def __init__(self):
        self.scrapes = 0
        self.speaks = threading.Event()
        made_up = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                text = made_up.page(self.path.strip("/")).encode()
                self.send_response(200 if made_up.speaks.is_set() else 503)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        super().__init__(Handler)

    def page(self, number: str) -> str:
        self.scrapes += 1
        return (
            f'lockstep_build_info{{version="0.0.{number}"}} 1\n'
            'lockstep_leader{target="made-up"} 1\n'
            f'lockstep_pool_timeouts_total{{target="made-up",pool="reads"}} {self.scrapes}\n'
        )


class Program:
    """A server of somebody else's, which ends with us; ready when /-/ready says so."""

    def __init__(self, folder: pathlib.Path, words: list[str], port: int):
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / f"{words[0]}.log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *words], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        wait_until(self.is_ready, f"{words[0]} is ready")

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise Broken(f"{self.process.args[3]} ended: {self.log.read_text(encoding='utf-8')[-1000:]}")
        try:
            with urllib.request.urlopen(self.url + "/-/ready") as answer:
                return answer.status == 200
        except OSError:
            return False

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


def alertmanager(folder: pathlib.Path, receiver: str) -> Program:
    port = free_port()
    settings = {
        "route": {"receiver": "test", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1h"},
        "receivers": [{"name": "test", "webhook_configs": [{"url": f"http://{receiver}/"}]}],
    }
    (folder / "alertmanager.yml").write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML, too
    words = ["prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/alertmanager",
             f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    return Program(folder, words, port)


class Prometheus(Program):
    """`jobs`: for each job the scrape addresses (HOST:PORT, or HOST:PORT/PATH) by the name of the instance."""

    def __init__(self, folder: pathlib.Path, rules: pathlib.Path, alertmanager_url: str, jobs: dict[str, dict[str, str]]):
        port = free_port()
        settings = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager_url.removeprefix("http://")]}]}]},
            "scrape_configs": [self.job(name, instances) for name, instances in jobs.items()],
        }
        (folder / "prometheus.yml").write_text(json.dumps(settings), encoding="utf-8")
        words = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/prometheus",
                 f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn", "--rules.alert.resend-delay=1s"]
        super().__init__(folder, words, port)

    @staticmethod
    def job(name: str, instances: dict[str, str]) -> dict:
        groups = []
        for instance, address in instances.items():
            host, _, path = address.partition("/")
            groups.append({"targets": [host], "labels": {"instance": instance, "__metrics_path__": "/" + (path or "metrics")}})
        return {"job_name": name, "static_configs": groups}

    def ask(self, path: str, **parameters) -> list[dict]:
        """The result of a query; Broken with Prometheus' own words when it refuses."""
        body = urllib.parse.urlencode(parameters).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}", body, PATIENCE) as answer:
                return json.loads(answer.read())["data"]["result"]
        except urllib.error.HTTPError as error:
            raise Broken(f"{parameters}: {error.read().decode()}") from None

    def instant(self, expression: str, when: float | None = None) -> list[dict]:
        return self.ask("query", query=expression, **({"time": when} if when else {}))

    def over(self, expression: str, begin: float, end: float, step: int) -> list[dict]:
        return self.ask("query_range", query=expression, start=begin, end=end, step=step)
