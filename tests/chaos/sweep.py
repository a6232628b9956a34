# Faults: P1, P2, P3, P4, P5, P6, P7, P9.
"""Each step of a run at which an agent can be hit, with each way to hit it; another agent goes on."""
import pathlib
import random
import shutil
import signal
import tempfile
import time

import checker
import faults
import report
from chaos_round import PAUSE, Round
from chaos_server import Server

import bench_program

ACTIONS = {"kill": "kill", "stop": "stop", "drop": "drop", "stall": "sleep:1:400"}
OF_STATEMENTS = ["progress_written", "statement_sent", "statement_done", "statement_verified"]
STEPS = faults.STEPS + ["hook_before", "hook_after", "reload", "file_read", "socket_accept"]
CELLS = [(step, action) for step in STEPS for action in ACTIONS]
PATIENCE_SECONDS = 60


class Sweep(Round):
    """The first agent is hit; the second one rests until that has happened."""

    SETTINGS = 'hooks.before_migration = ["/bin/true"]\n'

    def _disturb(self, revisions, deadline):
        self.not_reached = []
        for step, action in CELLS:
            self.tell(f"cell {step} {action}")
            if not self._cell(step, action):
                self.not_reached.append(f"{step} {action}")
            self.faults.counts[action] = self.faults.counts.get(action, 0) + 1

    def _cell(self, step, action):
        hit, other = self.replicas
        self._wait(lambda: self._tell_other("pause") and self._is_free())
        hit.agent.kill()
        mark = self.folder / f"reached-{step}-{action}"
        hit.start({"LOCKSTEP_FAIL_POINT": f"{step}:{ACTIONS[action]}", "LOCKSTEP_FAIL_POINT_FILE": str(mark)})
        self.migrations.add("index" if step in OF_STATEMENTS else "plain")
        reached = self._wait(lambda: mark.exists() or self._provoke(hit, step))
        if action == "stop":
            self._wait(hit.agent.stopped)
        self._wait(lambda: self._tell_other("resume"))
        self._let_it_go_on(hit, action)
        self._wait(lambda: self._is_applied(other))
        return reached

    def _tell_other(self, word):
        answer = self.replicas[1].request("POST", f"/api/v1/{word}", patience=5)
        return bool(answer) and answer[0] == 200

    def _is_free(self):
        self._look()
        return not self.leader

    def _provoke(self, hit, step):
        """What makes it pass the step, when a new file does not."""
        if not hit.agent.listens_to_signals():
            return False
        if step == "reload":
            hit.agent.signal(signal.SIGHUP)
        elif step == "socket_accept":
            hit.request("GET", "/api/v1/ping")
        return False

    def _let_it_go_on(self, hit, action):
        if action == "kill":
            self._wait(lambda: not hit.agent.alive())
            hit.agent.killed = True
            hit.start()
        elif action == "stop":
            self.later(0.3, lambda agent=hit.agent: agent.signal(signal.SIGCONT))
        hit.agent.fail_point = ""

    def _is_applied(self, other):
        self._do_what_is_due(time.monotonic())
        self._look()
        other.trigger()
        return self.applied == len(self.migrations.revisions) and not self.leader and not self.due

    def _wait(self, holds):
        until = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > until:
                return False
            time.sleep(PAUSE)
        return True


def table(not_reached):
    lines = [f"{'':20}" + "".join(f"{action:>8}" for action in ACTIONS)]
    for step in STEPS:
        cells = ("-" if f"{step} {action}" in not_reached else "ok" for action in ACTIONS)
        lines.append(f"{step:20}" + "".join(f"{cell:>8}" for cell in cells))
    return "\n".join(lines)


def run(options):
    folder = pathlib.Path(options.report or tempfile.mkdtemp(prefix="lockstep-chaos-"))
    options.replicas, options.rows, options.shape = 2, 1000, "plain"
    began = time.monotonic()
    with bench_program.stopping(Server(options.postgres)) as server:
        this = Sweep(options, server, 1, random.Random(options.seed), folder)
        found = checker.violations(this.run(len(CELLS), time.monotonic()), options.slack)
    print(table(this.not_reached))
    print(f"{len(CELLS)} cells in {time.monotonic() - began:.0f} s, {len(found)} violations")
    for name, text in found:
        print(f"  {name}: {text}")
    report.write_junit(folder / "junit.xml", "chaos.sweep", [("reached", this.not_reached)] + [
        (check.__name__, [text for name, text in found if name == check.__name__])
        for check in checker.SAFETY + checker.LIVENESS
    ])
    if found or this.not_reached:
        print(f"all that was seen is in {folder}")
        return 1 if found else 3
    if not options.report:
        shutil.rmtree(folder)
    return 0
