"""What every benchmark's program does alike: finding what it measures, describing the machine, ending."""
import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile

import contention_server as servers

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
FAILED, UNUSABLE, INTERRUPTED = 1, 2, 130
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def agent_arguments(name, about, quick):
    """A parser with the options that the benchmarks of the agent share."""
    parser = argparse.ArgumentParser(
        prog=name, description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--lockstepd",
        metavar="PATH",
        default=str(CHECKOUT / "build/release/bin/lockstepd"),
        help="the program [build/release/bin/lockstepd]",
    )
    parser.add_argument("--postgres", metavar="DIR", help="the folder of initdb, postgres and psql")
    parser.add_argument("--json", metavar="FILE", help="write the raw figures there too")
    parser.add_argument("--quick", action="store_true", help=quick)
    return parser


def find_program(name, candidates):
    """The newest of those that are there."""
    found = [path for path in map(pathlib.Path, candidates) if os.access(path, os.X_OK) and path.is_file()]
    if not found:
        where = " and ".join(map(str, candidates))
        raise servers.Unusable(
            f"no program {name} in {where}; build it with \"cmake --preset release && cmake --build "
            f'--preset release", or name it with --{name}'
        )
    return str(max(found, key=lambda path: path.stat().st_mtime).resolve())


@contextlib.contextmanager
def scratch_with(program):
    """A folder that goes away, with a copy of the program, so that a build that ends meanwhile does not
    change what is measured: (folder, copy)."""
    with tempfile.TemporaryDirectory(prefix="lockstep-bench-") as folder:
        yield pathlib.Path(folder), shutil.copy(program, folder)


@contextlib.contextmanager
def stopping(server):
    """Stops it at the end, whatever was typed meanwhile."""
    try:
        yield server
    finally:
        ignore_signals()
        server.stop()
        heed_signals()


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def description(server, name, program):
    """What was measured on what."""
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return {
        "server": f"PostgreSQL {server.version()}",
        name: f"{version.stdout.splitlines()[0]} ({program})",
        "machine": f"{os.cpu_count()} x {processor()}, load average {os.getloadavg()[0]:.1f}",
    }


def print_description(told):
    for key, text in told.items():
        print(f"{key + ':':13}{text}")
    print(flush=True)


def write_json(file, told, name, figures):
    document = told | {name: [dataclasses.asdict(each) for each in figures]}
    pathlib.Path(file).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def heed_signals():
    for number in SIGNALS:
        signal.signal(number, signal.default_int_handler)


def ignore_signals():
    """While things are stopped: a second Ctrl-C must not leave a server behind."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def run_program(run, trouble=()):
    """The exit code of run(); `trouble`: what it may throw because something went wrong that it measures."""
    heed_signals()
    try:
        return run()
    except servers.Unusable as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except trouble as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
