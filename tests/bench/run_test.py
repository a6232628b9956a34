#!/usr/bin/env python3
"""What the comparison measures with: the arithmetic, the pictures, bench_measure and bench_latency_proxy."""
import argparse
import contextlib
import math
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

sys.dont_write_bytecode = True

import bench_compare as compare
import bench_growth as growing
import bench_measure as measuring
import bench_svg as pictures
import contention_server as servers

PROGRAMS = argparse.Namespace()
MB = 1_000_000
PYTHON = os.path.realpath(sys.executable)


def cost(wall=1.0, **changes):
    told = dict(user_seconds=0.5, system_seconds=0.25, peak_bytes=10 * MB, bytes_read=100, read_calls=10)
    told |= dict(major_faults=0, voluntary_switches=3, involuntary_switches=1, instructions=1000)
    told |= dict(exit=0, limit=False, left_behind=0)
    return measuring.Cost(**(dict(wall_seconds=wall) | told | changes))


class Comparison(unittest.TestCase):
    def test_the_middle_and_what_is_around_it(self):
        told = compare.middle([1.0, 9.0, 2.0, 4.0, 3.0])
        self.assertEqual(told, compare.Middle(count=5, median=3, least=1, most=9, deviation=1))
        self.assertAlmostEqual(told.noise, 1 / 3)

    def test_of_one_value_it_is_that_value(self):
        self.assertEqual(compare.middle([7]), compare.Middle(1, 7, 7, 7, 0))

    def test_each_figure_has_its_own_median(self):
        told = compare.median_of([cost(1, peak_bytes=3), cost(2, peak_bytes=1), cost(9, peak_bytes=2)])
        self.assertEqual((told.wall_seconds, told.peak_bytes), (2, 2))

    def test_a_failure_among_them_is_not_averaged_away(self):
        told = compare.median_of([cost(), cost(exit=1), cost(limit=True)])
        self.assertEqual((told.exit, told.limit), (1, True))

    def test_a_figure_that_one_has_not_is_none(self):
        self.assertIsNone(compare.median_of([cost(), cost(instructions=None)]).instructions)

    def test_a_figure_by_its_name(self):
        self.assertEqual(compare.middle_of([cost(1), cost(2), cost(4)], "wall_seconds").median, 2)
        self.assertEqual(compare.middle_of([cost(), cost()], "cpu_seconds").median, 0.75)

    def test_ratios_are_of_the_runs_that_met_the_same_machine(self):
        # In the second pair the machine was ten times slower: the ratio of the medians would be 2.2.
        told = compare.ratio([2.0, 22.0, 2.4], [1.0, 10.0, 1.2])
        self.assertAlmostEqual(told.median, 2.0)
        self.assertAlmostEqual(told.most, 2.2)
        with self.assertRaises(ValueError):
            compare.ratio([1], [1, 2])


class Growth(unittest.TestCase):
    COUNTS = (10, 100, 1000, 10000)

    def grown(self, f, noise=(1, 1, 1, 1)):
        return growing.growth([(n, f(n) * factor) for n, factor in zip(self.COUNTS, noise)])

    def test_each_shape_is_told_from_the_others(self):
        self.assertEqual(self.grown(lambda n: 0.02 + 0.001 * n).best.shape, "linear")
        self.assertEqual(self.grown(lambda n: 0.0002 * n * math.log2(n)).best.shape, "n log n")
        self.assertEqual(self.grown(lambda n: 0.02 + 1e-6 * n * n).best.shape, "quadratic")

    def test_the_coefficients_are_found(self):
        best = self.grown(lambda n: 0.02 + 0.001 * n).best
        self.assertAlmostEqual(best.a, 0.02)
        self.assertAlmostEqual(best.b, 0.001)
        self.assertAlmostEqual(best.error, 0)
        self.assertAlmostEqual(best.seconds(500), 0.52)

    def test_neither_is_negative(self):
        for each in self.grown(lambda n: 0.001 * n**1.4).fits + self.grown(lambda n: 1 / n).fits:
            self.assertGreaterEqual(each.a, 0)
            self.assertGreaterEqual(each.b, 0)

    def test_the_small_ones_count_too(self):
        # Without weights the fit would be that of 10,000 alone, and 10 off by half.
        best = growing.fit("linear", [(10, 0.02), (100, 0.03), (1000, 0.12), (10000, 1.3)])
        self.assertLess(max(map(abs, best.residuals)), 0.15)

    def test_it_holds_for_what_is_linear_but_for_noise(self):
        told = self.grown(lambda n: 0.02 + 0.001 * n, noise=(1.03, 0.98, 1.02, 0.97))
        self.assertEqual(told.best.shape, "linear")
        self.assertTrue(told.holds)

    def test_what_takes_no_longer_for_more_is_linear(self):
        told = self.grown(lambda n: 0.5, noise=(1.01, 0.99, 1, 1))
        self.assertEqual(told.best.shape, "linear")
        self.assertTrue(told.holds)

    def test_it_does_not_hold_for_a_square_nor_for_what_is_steeper(self):
        self.assertFalse(self.grown(lambda n: 0.02 + 1e-6 * n * n).holds)
        self.assertFalse(self.grown(lambda n: 1e-9 * n**3).holds)

    def test_it_does_not_hold_for_what_begins_to_be_a_square(self):
        told = self.grown(lambda n: 0.02 + 0.0005 * n + 5e-8 * n * n)  # Half of it at 10,000.
        self.assertEqual((told.best.shape, told.steep, told.holds), ("n log n", True, False))

    def test_a_long_start_is_no_growth(self):
        self.assertTrue(self.grown(lambda n: 1.4 + 0.00002 * n, noise=(1, 1.02, 0.98, 1.02)).holds)

    def test_there_may_be_several_runs_of_each(self):
        told = growing.growth([(10, 1.0), (10, 1.1), (20, 2.0), (20, 2.1)])
        self.assertEqual(told.best.shape, "linear")
        self.assertEqual(len(told.best.residuals), 4)


class Pictures(unittest.TestCase):
    BARS = [
        pictures.Bar("lockstep", 0.0312, 0.0298, 0.0391),
        pictures.Bar("a <b> & \"c\"", 1.92, 1.84, 2.31),
        pictures.Bar("other", None, note="refuses"),
    ]
    LINES = [
        pictures.Line("lockstep", ((10, 0.02), (100, 0.2), (1000, 2.0))),
        pictures.Line("a <b>", ((10, 0.03), (100, 0.4))),
        pictures.Line("other", ((10, 0.02), (100, 0.2), (1000, 2.0))),
    ]
    SVG = "{http://www.w3.org/2000/svg}"

    def each(self):
        yield pictures.bar_chart("Bars", self.BARS)
        yield pictures.bar_chart("Bars", self.BARS, log=True)
        yield pictures.bar_chart("Bars", [pictures.Bar("none", None)], unit="count")
        yield pictures.bar_chart("Bars", [pictures.Bar("none", None)], unit="bytes", log=True)
        yield pictures.line_chart("Lines <&>", self.LINES, "migrations")
        yield pictures.line_chart("Lines", [pictures.Line("one", ((10, 3), (20, 3)))], "n", unit="count")

    def elements(self, text, name, classes):
        found = xml.fromstring(text).iter(self.SVG + name)
        return [each for each in found if set(classes.split()) <= set(each.get("class", "").split())]

    def test_they_are_well_formed_and_accessible(self):
        for text in self.each():
            root = xml.fromstring(text)
            self.assertEqual((root.tag, root.get("role")), (self.SVG + "svg", "img"))
            self.assertTrue(root.find(self.SVG + "title").text)
            self.assertTrue(root.find(self.SVG + "desc").text)

    def test_the_same_figures_give_the_same_text(self):
        self.assertEqual(list(self.each()), list(self.each()))

    def test_nothing_is_drawn_outside(self):
        for text in self.each():
            height = float(xml.fromstring(text).get("height"))
            for element in xml.fromstring(text).iter():
                for x in ("x", "x1", "x2", "cx"):
                    self.assertTrue(0 <= float(element.get(x, 1)) <= pictures.WIDTH, xml.tostring(element))
                for y in ("y", "y1", "y2", "cy"):
                    self.assertTrue(0 <= float(element.get(y, 1)) <= height, xml.tostring(element))

    def test_ours_is_highlighted_and_no_other(self):
        text = pictures.bar_chart("Bars", self.BARS)
        self.assertEqual(len(self.elements(text, "path", "bar")), 2)
        self.assertEqual(len(self.elements(text, "path", "bar ours")), 1)
        self.assertEqual(len(self.elements(pictures.line_chart("Lines", self.LINES, "n"), "path", "line ours")), 1)

    def test_a_bar_without_a_figure_says_why(self):
        self.assertIn(">refuses<", pictures.bar_chart("Bars", self.BARS))

    def test_figures_have_three_digits(self):
        told = [pictures.told(value, "seconds") for value in (0.00001234, 0.0312, 0.9996, 1.92, 34.56, 1234)]
        self.assertEqual(told, ["12.3 µs", "31.2 ms", "1.00 s", "1.92 s", "34.6 s", "1,234 s"])
        self.assertEqual(pictures.told(9_360_000, "bytes"), "9.36 MB")
        self.assertEqual([pictures.told(value, "count") for value in (0, 3, 1200, 2.5)], ["0", "3", "1,200", "2.50"])

    def test_labels_keep_their_distance_and_stay_inside(self):
        self.assertEqual(pictures._apart([10, 11, 50], 10, 100), [10, 20, 50])
        self.assertEqual(pictures._apart([95, 96, 99], 10, 100), [80, 90, 100])

    def test_axes(self):
        self.assertEqual(pictures.LinearAxis(2.31, 0, 231).ticks(), [0, 0.5, 1.0, 1.5, 2.0])
        self.assertAlmostEqual(pictures.LinearAxis(2.31, 0, 231).at(1), 100)
        self.assertEqual(pictures.LogAxis(1, 10000, 0, 400).ticks(), [1, 10, 100, 1000, 10000])
        self.assertEqual(pictures.LogAxis(1, 20, 0, 400).ticks(), [1, 2, 5, 10, 20])
        self.assertAlmostEqual(pictures.LogAxis(1, 10000, 0, 400).at(100), 200)


# 10 MB by a child that is waited for.
READS = "head -c 10000000 /dev/zero >/dev/null; true"


class Measure(unittest.TestCase):
    def measure(self, *command, **more):
        return measuring.measure(PROGRAMS.measure, command, **more)

    def test_a_small_program_has_a_small_peak_whoever_starts_it(self):
        ours = bytearray(100 * MB)
        told = self.measure("true")
        self.assertLess(told.peak_bytes, 3 * MB)
        self.assertEqual((told.exit, told.limit, told.left_behind, len(ours)), (0, False, 0, 100 * MB))

    def test_the_peak_is_of_the_largest_process(self):
        fifty = f"{PYTHON} -c 'bytearray(50 * {MB})'"
        for command in ([PYTHON, "-c", f"bytearray(50 * {MB})"], ["sh", "-c", f'sh -c "{fifty}; true"; true']):
            told = self.measure(*command)
            self.assertGreaterEqual(told.peak_bytes, 50 * MB)
            self.assertLess(told.peak_bytes, 80 * MB)

    def test_what_a_child_of_a_child_reads_is_counted(self):
        for command in (READS, f"sh -c '{READS}'; true"):
            told = self.measure("sh", "-c", command)
            self.assertGreaterEqual(told.bytes_read, 10 * MB)
            self.assertLess(told.bytes_read, 11 * MB)
            self.assertGreater(told.read_calls, 10)
            self.assertEqual(told.left_behind, 0)

    def test_what_is_left_behind_is_waited_for_and_counted(self):
        # It begins when its parent is gone.
        waits = "while [ -e /proc/$0 ]; do :; done"
        told = self.measure("sh", "-c", f"setsid sh -c '{waits}; {READS}' $$ & true")
        self.assertGreaterEqual(told.bytes_read, 10 * MB)
        self.assertEqual((told.left_behind, told.exit), (1, 0))

    def test_processor_time_is_counted_of_descendants_too(self):
        told = self.measure("sh", "-c", f"{PYTHON} -c 'sum(range(10**6))'; true")
        self.assertGreater(told.cpu_seconds, 0)
        self.assertGreater(told.voluntary_switches, 0)

    def test_exit_codes(self):
        self.assertEqual(self.measure("sh", "-c", "exit 7").exit, 7)
        self.assertEqual(self.measure("sh", "-c", "kill -TERM $$").exit, 128 + signal.SIGTERM)

    def test_at_the_limit_all_of_it_is_killed(self):
        told = self.measure("sh", "-c", "setsid sleep 1000 & sleep 1000; true", limit=0.2)
        self.assertEqual((told.limit, told.exit), (True, 128 + signal.SIGKILL))

    def test_at_the_limit_what_was_left_behind_is_killed(self):
        told = self.measure("sh", "-c", "setsid sleep 1000 & exit 3", limit=0.2)
        self.assertEqual((told.limit, told.exit, told.left_behind), (True, 3, 1))

    def test_a_command_that_is_not_there_is_not_measured(self):
        with self.assertRaisesRegex(measuring.MeasureFailed, "127: /nowhere/program"):
            self.measure("/nowhere/program", stderr=subprocess.DEVNULL)

    def test_it_reports_to_descriptor_3_and_nobody_else_has_it(self):
        told = self.shell('"$0" -- sh -c "echo x >&3" 3>&1', stderr=subprocess.DEVNULL)
        self.assertTrue(told.startswith('{"wall_seconds": '), told)
        self.assertIn('"exit": 2', told)

    def test_the_output_of_the_command_goes_to_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            self.shell(f'"$0" --stdout {folder}/out -- echo said 3>/dev/null')
            self.assertEqual(pathlib.Path(folder, "out").read_text(encoding="utf-8"), "said\n")

    def test_when_it_is_told_to_end_it_takes_the_command_along(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        words = [PROGRAMS.measure, "--report", f"{folder}/cost", "--", "sh", "-c", "echo $$; exec sleep 1000"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            command = int(process.stdout.readline())
            process.terminate()
            self.assertEqual(process.wait(), 128 + signal.SIGTERM)
        with self.assertRaises(ProcessLookupError):
            os.kill(command, 0)

    def shell(self, script, **more):
        words = ["sh", "-c", script, PROGRAMS.measure]
        return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, **more).stdout


class WireClient:
    """Speaks PostgreSQL's protocol by single messages, to say exactly what is sent before what is awaited."""

    def __init__(self, port, database="postgres"):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.stream = self.socket.makefile("rb")
        settings = f"user\0postgres\0database\0{database}\0application_name\0wire\0\0".encode()
        self.socket.sendall(struct.pack("!II", len(settings) + 8, 3 << 16) + settings)
        self.key = dict(self.until("Z"))["K"]

    def send(self, *messages):
        """All at once; of each the type and the body."""
        framed = [kind.encode() + struct.pack("!I", len(body) + 4) + body for kind, body in messages]
        self.socket.sendall(b"".join(framed))

    def until(self, kind):
        """The messages that come, to the first of that kind."""
        messages = []
        while not messages or messages[-1][0] != kind:
            header = self.stream.read(5)
            length = struct.unpack("!I", header[1:])[0]
            messages.append((header[:1].decode(), self.stream.read(length - 4)))
        return messages

    def close(self):
        self.send(("X", b""))
        self.stream.close()
        self.socket.close()


def query(sql):
    return ("Q", sql.encode() + b"\0")


def parse(sql):
    return ("P", b"\0" + sql.encode() + b"\0\0\0")


BIND = ("B", b"\0" * 8)
DESCRIBE = ("D", b"S\0")
EXECUTE = ("E", b"\0" * 5)
FLUSH, SYNC, COPY_DONE = ("H", b""), ("S", b""), ("c", b"")


class Proxy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = servers.Server(servers.find_bin())
        cls.addClassCleanup(cls.server.stop)
        cls.server.run("postgres", "create table t (id int)")

    def setUp(self):
        server = f"{self.server.directory}:{servers.PORT}"
        self.proxy = self.enterContext(measuring.LatencyProxy(PROGRAMS.proxy, server, 2))

    def psql(self, *words, database="postgres", more="", **run):
        url = f"postgresql://postgres@127.0.0.1:{self.proxy.port}/{database}?gssencmode=disable{more}"
        command = [self.server.program("psql"), "-X", "-q", "-A", "-t", "-d", url, *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, **run)

    @contextlib.contextmanager
    def client(self):
        with contextlib.closing(WireClient(self.proxy.port)) as client:
            yield client

    def trips(self, conversation):
        """Of one session that has that conversation."""
        with self.client() as client:
            conversation(client)
        return self.only(self.proxy.take()).round_trips

    def only(self, traffic):
        self.assertEqual(len(traffic.connections), 1)
        self.assertEqual(traffic.most_open, 1)
        return traffic.connections[0]

    def test_each_query_of_a_session_is_one(self):
        self.assertEqual(self.psql(*["-c", "select 1"] * 3).stdout, "1\n1\n1\n")
        told = self.only(self.proxy.take())
        self.assertEqual((told.round_trips, told.application_name), (3, "psql"))
        # Whether it may be encrypted, and the startup itself.
        self.assertEqual(told.startup_round_trips, 2)
        self.assertEqual((told.open, told.opaque), (False, False))

    def test_statements_that_are_sent_together_are_one(self):
        self.psql("-c", "select 1; select 2; select 3", more="&sslmode=disable")
        told = self.only(self.proxy.take())
        self.assertEqual((told.round_trips, told.startup_round_trips), (1, 1))

    def test_the_extended_protocol_is_one_for_each_wait(self):
        def one_by_one(client):
            for _ in range(3):
                client.send(parse("select 1"), BIND, DESCRIBE, EXECUTE, SYNC)
                client.until("Z")

        def prepared(client):
            client.send(parse("select 1"), DESCRIBE, SYNC)
            client.until("Z")
            client.send(BIND, EXECUTE, SYNC)
            client.until("Z")

        self.assertEqual(self.trips(one_by_one), 3)
        self.assertEqual(self.trips(prepared), 2)

    def test_what_is_sent_without_waiting_is_one(self):
        def pipelined(client):
            client.send(*[parse("select 1"), BIND, EXECUTE, SYNC] * 3)
            for _ in range(3):
                client.until("Z")

        self.assertEqual(self.trips(pipelined), 1)

    def test_a_flush_is_one_when_it_is_waited_for(self):
        def waits(client):
            client.send(parse("select 1"), DESCRIBE, FLUSH)
            client.until("T")
            client.send(BIND, EXECUTE, SYNC)
            client.until("Z")

        self.assertEqual(self.trips(waits), 2)

    def test_copy_waits_before_its_data_and_after(self):
        def simple(client):
            client.send(query("copy t from stdin"))
            client.until("G")
            client.send(("d", b"1\n"), COPY_DONE)
            client.until("Z")

        def extended(client):
            client.send(parse("copy t from stdin"), BIND, EXECUTE, SYNC)
            client.until("G")
            client.send(("d", b"1\n"), COPY_DONE, SYNC)
            client.until("Z")
            client.send(query("select 1"))
            client.until("Z")

        self.assertEqual(self.trips(simple), 2)
        self.assertEqual(self.trips(extended), 3)

    def test_the_most_that_were_open_at_once(self):
        with self.client(), self.client():
            pass
        with self.client():
            pass
        told = self.proxy.take()
        self.assertEqual((told.most_open, len(told.connections)), (2, 3))
        self.assertEqual(told.total("startup_round_trips"), 3)

    def test_each_report_holds_what_was_since_the_last(self):
        with self.client() as client:
            client.send(query("select 1"))
            client.until("Z")
            first = self.only(self.proxy.take())
            client.send(query("select 1"), query("select 2"))
            client.until("Z")
            client.until("Z")
        second = self.only(self.proxy.take())
        self.assertEqual((first.startup_round_trips, first.round_trips, first.open), (1, 1, True))
        self.assertEqual((second.startup_round_trips, second.round_trips, second.open), (0, 1, False))
        self.assertEqual(second.application_name, "wire")
        self.assertEqual(self.proxy.take(), measuring.Traffic(connections=(), most_open=0))

    def test_much_arrives_as_it_was_sent(self):
        numbers = "".join(f"{number}\n" for number in range(300_000))
        self.psql("-c", "create table numbers (n int)", "-c", "copy numbers from stdin", input=numbers)
        told = self.only(self.proxy.take())
        self.assertGreater(told.bytes_to_server, len(numbers))
        self.assertEqual(told.round_trips, 3)
        answer = self.psql("-c", "select n from numbers order by n").stdout
        self.assertEqual(answer, numbers)
        self.assertGreater(self.only(self.proxy.take()).bytes_to_client, len(numbers))

    def test_a_request_to_cancel_is_passed_on_uncounted(self):
        with self.client() as client:
            client.send(query("select pg_sleep(1000)"))
            with socket.create_connection(("127.0.0.1", self.proxy.port)) as other:
                other.sendall(struct.pack("!II", 16, 80877102) + client.key)
                self.assertEqual(other.recv(1), b"")
            self.assertIn("E", dict(client.until("Z")))
        told = sorted(self.proxy.take().connections, key=lambda each: each.opaque)
        self.assertEqual([each.opaque for each in told], [False, True])
        self.assertEqual([each.round_trips for each in told], [1, 0])

    def test_the_server_s_last_words_arrive(self):
        self.assertIn('database "nowhere" does not exist', self.psql("-c", "select 1", database="nowhere").stderr)

    def test_it_ends_with_its_input_and_leaves_a_report(self):
        words = [PROGRAMS.proxy, "--to", "127.0.0.1:1", "--round-trip-ms", "0", "--report"]
        for end in (lambda process: process.stdin.close(), lambda process: process.terminate()):
            with tempfile.TemporaryDirectory() as folder:
                report = pathlib.Path(folder, "report.json")
                with subprocess.Popen([*words, report], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                    process.stdout.readline()
                    end(process)
                    self.assertEqual(process.wait(), 0)
                self.assertIn('"most_open": 0', report.read_text(encoding="utf-8"))

    def test_it_listens_where_it_is_told_to(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        folder = self.enterContext(tempfile.TemporaryDirectory())
        words = ["--to", "127.0.0.1:1", "--round-trip-ms", "0", "--report", f"{folder}/report"]
        words += ["--listen", f"127.0.0.1:{port}"]
        done = subprocess.run(
            [PROGRAMS.proxy, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False
        )
        self.assertEqual(done.stdout, f"{port}\n".encode())

    def test_the_report_is_written_into_what_is_there(self):
        # It once renamed a new file to the report's name: told "--report /dev/null" by root, it put a file in
        # the place of the device, for the whole machine. A link shows the same.
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / "link").symlink_to(folder / "file")
        words = ["--to", "127.0.0.1:1", "--round-trip-ms", "0", "--report", str(folder / "link")]
        subprocess.run([PROGRAMS.proxy, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        self.assertTrue((folder / "link").is_symlink())
        self.assertIn("most_open", (folder / "file").read_text(encoding="utf-8"))

    def test_wrong_words_are_refused(self):
        for words in (["--to", "a"], ["--to", "a:1", "--round-trip-ms", "x", "--report", "r"], ["--report"]):
            done = subprocess.run([PROGRAMS.proxy, *words], capture_output=True, check=False)
            self.assertEqual(done.returncode, 2)


def main():
    built = pathlib.Path(__file__).resolve().parents[2] / "build/dev/bin"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", default=str(built / "bench_measure"), help="the program [build/dev/bin]")
    parser.add_argument("--proxy", default=str(built / "bench_latency_proxy"), help="the program [build/dev/bin]")
    _, words = parser.parse_known_args(namespace=PROGRAMS)
    unittest.main(argv=[sys.argv[0], *words])


if __name__ == "__main__":
    main()
