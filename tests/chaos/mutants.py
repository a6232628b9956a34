"""Mistakes on purpose (daemon/base/mutant.h), each met with the one fault that shows it: the judge has to find them."""
import argparse
import contextlib
import dataclasses
import pathlib
import random
import shutil
import tempfile
import time

import checker
from chaos_round import Round
from chaos_server import Server

import bench_program

LONGEST_SECONDS = 120  # of looking for one; a loaded machine takes its time


@dataclasses.dataclass(frozen=True)
class Mutant:
    about: str
    weights: dict  # of the faults
    shape: str = "mixed"
    gap: float = 0.1
    rows: int = 1000
    revisions: int = 12
    seconds: float = 10  # of a round at most


MUTANTS = {
    "separate-lock-connection": Mutant("the migration lock on another connection", {"reset_lock": 1}, "slow", 0.4, revisions=4, seconds=6),
    "separate-history": Mutant("the history in a transaction of its own", {"commit_dropped": 1}, gap=0.3),
    "lease-without-fence": Mutant("a lease by the clock, and no fence", {"stop_the_lease": 1}, "slow", 0.4, revisions=3, seconds=7),
    "blind-retry": Mutant("once more after a doubtful commit, without a look", {"answer_dropped": 1}, gap=0.2),
    "believed-if-not-exists": Mutant(
        "an interrupted index is believed because it is there", {"terminate_leader": 1}, "indexes", 0.2, 200_000, 6
    ),
}


def options_for(options, name, environment):
    mutant = MUTANTS[name]
    return argparse.Namespace(**vars(options) | {
        "weights": mutant.weights, "shape": mutant.shape, "gap": mutant.gap, "rows": mutant.rows, "replicas": 3,
        "patience": 4, "environment": environment, "commands": False,
    })


class Hunt:
    def __init__(self, options, server, folder):
        self.options, self.server, self.folder = options, server, folder
        self.rounds = 0
        self.chance = random.Random(options.seed)

    def round(self, name, environment):
        """A round of a few revisions under the mutant's fault: what the judge finds."""
        self.rounds += 1
        options = options_for(self.options, name, environment)
        this = Round(options, self.server, self.rounds, random.Random(self.chance.getrandbits(64)), self.folder)
        told = this.run(MUTANTS[name].revisions, time.monotonic() + MUTANTS[name].seconds)
        return [each for each in checker.violations(told) if each[0] in DECISIVE]

    def find(self, name):
        """(seconds, what was found), round after round."""
        began = time.monotonic()
        while time.monotonic() - began < LONGEST_SECONDS:
            found = self.round(name, {"LOCKSTEP_MUTANT": name})
            if found:
                return time.monotonic() - began, found
        return time.monotonic() - began, []


# What nothing but the mistake itself can break.
DECISIVE = {"I1", "I2", "I3", "I5", "I6"}


def line(name, seconds, found):
    told = f"{name:26}{seconds:6.1f} s  "
    if not found:
        return told + "NOT CAUGHT"
    return told + f"caught by {', '.join(sorted({each for each, _ in found}))}: {found[0][1]}"


def run(options):
    """The same fault without the mistake comes first: there the judge must find nothing."""
    names = list(MUTANTS) if options.mutant == "all" else [options.mutant]
    folder = pathlib.Path(options.report or tempfile.mkdtemp(prefix="lockstep-chaos-"))
    failures = 0
    print(f"seed {options.seed}")
    with bench_program.stopping(Server(options.postgres)) as server, contextlib.ExitStack() as last:
        if not options.report:
            last.callback(shutil.rmtree, folder)
        hunt = Hunt(options, server, folder)
        for name in names:
            without = hunt.round(name, {})
            seconds, found = hunt.find(name)
            print(line(name, seconds, found), flush=True)
            if without:
                print(f"and found without it: {without[0]}", flush=True)
            failures += not found or bool(without)
    return 1 if failures else 0
