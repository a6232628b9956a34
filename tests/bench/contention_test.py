#!/usr/bin/env python3
"""The benchmark's arithmetic, without a server: a wrong figure would prove a wrong thing."""
import sys
import unittest

sys.dont_write_bytecode = True

import contention_blockers as blockers
import contention_figures as figures
import contention_load as loads
import contention_server as servers
import contention_shapes as shapes
import contention_strategies as migrating


def transaction(due, latency, lag=0.0):
    return loads.Transaction(due, due + latency / 1000, latency, lag)


def a_felt(**changes):
    told = dict(seconds=2, transactions=9, stalled=0, stall_sum=0, client_sum=0, worst=8, p50=1, p99=7)
    return figures.Felt(**(told | changes))


def a_cell(case="a", strategy="lockstep", done=True, done_after=0.5, start_up=0.4, **changes):
    return figures.Cell(case, "one", strategy, 0, done, done_after, 3, start_up, a_felt(**changes), a_felt())


class Log(unittest.TestCase):
    def test_a_latency_counts_from_when_the_transaction_was_due(self):
        (found,) = loads.parse_log("3 7 250000 0 1000 500000 200000\n")
        self.assertEqual(found, loads.Transaction(1000.25, 1000.5, 250.0, 200.0))

    def test_without_a_rate_there_is_no_lag(self):
        (found,) = loads.parse_log("3 7 250000 0 1000 500000\n")
        self.assertEqual(found.lag, 0.0)

    def test_a_second_without_a_queue_is_told_from_one_with(self):
        line = "progress: 2.0 s, {} tps, lat 31.3 ms stddev 12.0, 0 failed{}\n"
        self.assertTrue(loads.is_drained(line.format("63.0", ", lag 10.786 ms")))
        self.assertFalse(loads.is_drained(line.format("63.0", ", lag 1210.786 ms")))
        self.assertTrue(loads.is_drained(line.format("5000.2", "")))
        self.assertFalse(loads.is_drained(line.format("0.0", "")))
        self.assertFalse(loads.is_drained("pgbench (15.20)"))


class Window(unittest.TestCase):
    def test_only_a_transaction_over_50_ms_is_stalled(self):
        felt = figures.felt([transaction(1, 50), transaction(1, 51)], 0, 2)
        self.assertEqual((felt.transactions, felt.stalled, felt.worst), (2, 1, 51))

    def test_it_holds_whatever_was_on_its_way_in_it(self):
        before, into, out_of, after = (
            transaction(0, 900),
            transaction(0, 1100),
            transaction(1.9, 500),
            transaction(2.1, 500),
        )
        self.assertEqual(figures.felt([before, into, out_of, after], 1, 2).stalled, 2)

    def test_the_queue_counts_for_the_application_and_not_for_the_clients(self):
        felt = figures.felt([transaction(1, 300, lag=200), transaction(1, 1)], 0, 2)
        self.assertAlmostEqual(felt.stall_sum, 0.3)
        self.assertAlmostEqual(felt.client_sum, 0.1)

    def test_percentiles_are_of_the_latencies(self):
        felt = figures.felt([transaction(1, i) for i in range(1, 101)], 0, 2)
        self.assertEqual((felt.p50, felt.p99), (51, 100))

    def test_an_empty_one_has_figures_too(self):
        self.assertEqual(figures.felt([], 0, 1), a_felt(seconds=1, transactions=0, worst=0, p50=0, p99=0))

    def test_the_baseline_is_as_long_as_the_migration_and_a_second(self):
        attempted = migrating.Attempted(100, 102, True, 1)
        case, shape, way = blockers.CASES[0], shapes.SHAPES[0], migrating.strategies("")[0]
        long, short = (80, 90), (88, 90)
        stalls = [transaction(87.5, 60), transaction(86, 60), transaction(102.5, 60), transaction(104, 60)]
        cell = figures.cell_of(case, shape, way, 0, attempted, None, stalls, long)
        self.assertEqual((cell.felt.stalled, cell.baseline.stalled, cell.baseline.seconds), (1, 1, 3))
        cell = figures.cell_of(case, shape, way, 0, attempted, None, stalls, short)
        self.assertEqual((cell.baseline.stalled, cell.baseline.seconds), (0, 2))


class Judgement(unittest.TestCase):
    def holds(self, *cells):
        return [holds for _, holds in figures.judged(cells)]

    def test_a_reader_in_the_way_must_not_cost_a_stall(self):
        for case in "abc":
            self.assertEqual(self.holds(a_cell(case, worst=60)), [True, True])
            self.assertEqual(self.holds(a_cell(case, stalled=1)), [False, True])
            self.assertEqual(self.holds(a_cell(case, worst=61)), [True, False])

    def test_autovacuum_may_cost_as_much_as_its_rung(self):
        self.assertEqual(self.holds(a_cell("d", done_after=0.6, start_up=0.4)), [True])
        self.assertEqual(self.holds(a_cell("d", done_after=0.8, start_up=0.4)), [False])

    def test_saturated_it_is_done_in_a_second(self):
        self.assertEqual(self.holds(a_cell("e", worst=300)), [True, True])
        self.assertEqual(self.holds(a_cell("e", worst=301)), [True, False])
        self.assertEqual(self.holds(a_cell("e", done_after=1.1)), [False, True])

    def test_one_bad_repeat_is_enough(self):
        self.assertEqual(self.holds(a_cell(), a_cell(stalled=3)), [False, True])

    def test_what_was_not_done_holds_nothing(self):
        self.assertEqual(self.holds(a_cell(done=False)), [False, False])

    def test_others_are_not_judged(self):
        self.assertEqual(self.holds(a_cell(strategy="psql", stalled=900)), [])

    def test_the_sentence_tells_how_often_and_the_worst(self):
        sentences = [text for text, _ in figures.judged([a_cell(worst=7), a_cell(worst=70)])]
        self.assertIn("(a) one: worst wait <= 60 ms: holds in 1 of 2, at most 70 ms", sentences)


class Strategies(unittest.TestCase):
    def test_the_pauses_double_up_to_their_cap(self):
        self.assertEqual(migrating.exponential(1, 16, 7), (1, 2, 4, 8, 16, 16))

    def test_attempts_are_of_the_measured_migration(self):
        other = {"revision": "0001", "attempts": 1, "failure": None}
        applied = {"revision": "0002", "attempts": 4, "failure": None}
        deferred = {"revision": "0002", "attempts": None, "failure": {"attempts": 9}}
        self.assertEqual(migrating.attempts_in({"migrations": [other, applied]}), 4)
        self.assertEqual(migrating.attempts_in({"migrations": [other, deferred]}), 9)

    def test_repeats_start_at_other_moments_of_the_cycle(self):
        for case in blockers.CASES[:3]:
            phases = [case.phase(repeat) for repeat in range(10)]
            self.assertEqual(phases[0], 0.5)
            self.assertEqual(len({round(phase, 1) for phase in phases}), 10)
            self.assertLess(max(phases), 0.5 + case.on + case.off)


class Programs(unittest.TestCase):
    def test_what_is_missing_is_named_with_its_package(self):
        with self.assertRaisesRegex(servers.Unusable, "pgbench.*/nowhere.*postgresql-15"):
            servers.find_bin("/nowhere")


class Table(unittest.TestCase):
    def test_values_stand_below_their_headings(self):
        cell = a_cell(done=False, done_after=240)
        head, line = figures.heading(), figures.line(cell)
        self.assertIn("no, 240 s", line)
        self.assertEqual(head.index("attempts") + len("attempts"), line.index("3  ") + 1)


if __name__ == "__main__":
    unittest.main()
