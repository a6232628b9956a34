"""What a start with nothing to do costs in counts, which do not depend on the machine.

    counts_test.py --lockstep PROGRAM --measure PROGRAM
"""
import argparse
import pathlib
import sys
import tempfile
import unittest

import bench_measure

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--lockstep", required=True)
parser.add_argument("--measure", required=True)
given, left = parser.parse_known_args()


class Counts(unittest.TestCase):
    def cost_of(self, migrations):
        """Of reading a folder of so many, with the bytes that are in it."""
        with tempfile.TemporaryDirectory() as folder:
            written = 0
            for number in range(1, migrations + 1):
                for half, sql in (("up", f"create table t{number} (id int);\n"), ("down", f"drop table t{number};\n")):
                    written += pathlib.Path(folder, f"{number:05}_t.{half}.sql").write_text(sql, encoding="utf-8")
            cost = bench_measure.measure(given.measure, [given.lockstep, "heads", "--dir", folder])
        self.assertEqual(cost.exit, 0)
        return cost, written

    def test_each_file_is_read_once_by_one_call(self):
        (few, written), (many, more) = self.cost_of(10), self.cost_of(1010)
        # The rest is what a sanitizer reads about its process.
        self.assertAlmostEqual(many.read_calls - few.read_calls, 2000, delta=20)
        self.assertAlmostEqual(many.bytes_read - few.bytes_read, more - written, delta=1000)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + left)
