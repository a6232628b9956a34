"""The sums of a run: as lines, as JSON and as JUnit's XML."""
import collections
import json
from xml.etree import ElementTree

import checker

# What has to have happened for a run to prove anything; of one that takes two minutes.
NEEDED = {
    "revisions": 1000, "faults": 700, "changes of leader": 150, "doubtful commits": 100, "doubtful, committed": 30,
    "doubtful, not committed": 30, "carried commits": 100, "doubtful, carried": 5,
}


class Total:
    """`scale`: of NEEDED, for shorter runs."""

    def __init__(self, seed, scale=1.0):
        self.seed = seed
        self.needed = {name: max(1, round(number * scale)) for name, number in NEEDED.items()}
        self.rounds, self.seconds = 0, 0.0
        self.numbers = collections.Counter(dict.fromkeys(NEEDED, 0))
        self.faults = collections.Counter()
        self.violations = []  # (round, id, sentence)
        self.slowest_resume = self.longest_free = 0.0

    def add(self, told, found, seconds):
        self.rounds += 1
        self.seconds += seconds
        doubts, leaders = checker.doubts(told), checker.changes_of_leader(told)
        self.faults.update(told["faults"])
        self.numbers.update({
            "revisions": len(told["revisions"]),
            "changes": len(told["history"]),
            "faults": sum(told["faults"].values()),
            "changes of leader": leaders["processes"],
            "runs that changed something": leaders["runs"],
            "doubtful commits": doubts["committed"] + doubts["not committed"],
            "doubtful, committed": doubts["committed"],
            "doubtful, not committed": doubts["not committed"],
            "carried commits": len(told["wire"]["carried"]),
            "doubtful, carried": doubts["carried"],
            "failed attempts": len(told["attempts"]),
            "processes": len(told["processes"]),
        })
        self.violations += [(told["round"], name, text) for name, text in found]
        self.slowest_resume = max(self.slowest_resume, told["resumed"]["first"] or 0.0)
        self.longest_free = max(self.longest_free, told["longest_free"])

    def missing(self):
        return [f"{name}: {self.numbers[name]} of {number}" for name, number in self.needed.items()
                if self.numbers[name] < number]

    def is_valid(self):
        return not self.missing()

    def line(self):
        told = ", ".join(f"{self.numbers[name]} {name}" for name in NEEDED)
        return f"{self.seconds:6.0f} s  {self.rounds} rounds: {told}; {len(self.violations)} violations"

    def table(self):
        lines = [f"{name:34}{number:8}" for name, number in self.numbers.items()]
        lines += [f"  {kind:32}{number:8}" for kind, number in sorted(self.faults.items())]
        lines.append(f"{'resumed within at most, s':34}{self.slowest_resume:8.1f}")
        lines.append(f"{'lock free and unused at most, s':34}{self.longest_free:8.1f}")
        lines.append(f"{'violations':34}{len(self.violations):8}")
        lines += [f"  round {number}: {name}: {text}" for number, name, text in self.violations[:40]]
        lines += [f"INVALID, too few {text}" for text in self.missing()]
        return "\n".join(lines)

    def write(self, folder):
        document = {
            "seed": self.seed, "seconds": round(self.seconds, 1), "rounds": self.rounds,
            "numbers": self.numbers, "faults": self.faults, "needed": self.needed, "missing": self.missing(),
            "violations": self.violations, "slowest_resume_seconds": self.slowest_resume,
            "longest_free_seconds": self.longest_free,
        }
        (folder / "report.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        names = [check.__name__ for check in checker.SAFETY + checker.LIVENESS]
        write_junit(folder / "junit.xml", "chaos", [(name, self._of(name)) for name in names]
                    + [("valid", self.missing())])

    def _of(self, name):
        return [f"round {number}: {text}" for number, found, text in self.violations if found == name]


def write_junit(path, name, cases):
    """`cases`: (name, failures)."""
    suite = ElementTree.Element("testsuite", name=name, tests=str(len(cases)),
                                failures=str(sum(bool(failures) for _, failures in cases)))
    for case, failures in cases:
        element = ElementTree.SubElement(suite, "testcase", classname=name, name=case)
        if failures:
            ElementTree.SubElement(element, "failure", message=failures[0]).text = "\n".join(failures)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
