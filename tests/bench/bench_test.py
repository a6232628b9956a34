#!/usr/bin/env python3
"""The arithmetic of the agent's benchmarks, without an agent: a wrong figure would prove a wrong thing."""
import itertools
import sys
import unittest

sys.dont_write_bytecode = True

import bench_figures as figures
import bench_program as program
import contention_server as servers
import idle_figures as idling
import scrape_load as loads
import takeover_trial as trials


class Spread(unittest.TestCase):
    def test_percentiles_are_of_the_ordered_values(self):
        told = figures.spread(reversed(range(1, 101)))
        self.assertEqual(told, figures.Spread(count=100, least=1, median=51, p90=91, p99=100, most=100))

    def test_of_one_value_it_is_that_value(self):
        self.assertEqual(figures.spread([7]), figures.Spread(1, 7, 7, 7, 7, 7))

    def test_of_nothing_it_has_figures_too(self):
        self.assertEqual(figures.spread([]), figures.Spread(0, 0, 0, 0, 0, 0))


class Takeover(unittest.TestCase):
    def seen(self, last_held=100.3, taken=100.7, widest=0.002):
        return trials.Seen(last_held, taken, 4711, widest)

    def test_what_the_observer_says_is_read(self):
        self.assertEqual(trials.parse_seen(["100.3 100.7 4711 0.002"]), self.seen())
        self.assertIsNone(trials.parse_seen([]))
        self.assertIsNone(trials.parse_seen([""]))

    def test_it_counts_from_the_end_of_the_session_and_from_the_kill(self):
        trial = trials.trial_of(1, 100, self.seen())
        self.assertEqual(trial.problem, "")
        self.assertAlmostEqual(trial.from_end, 0.4)
        self.assertAlmostEqual(trial.from_kill, 0.7)
        self.assertAlmostEqual(trial.noticed, 0.3)

    def test_a_trial_that_was_not_seen_well_does_not_count(self):
        self.assertIn("nobody took", trials.trial_of(1, 100, None).problem)
        blurred = trials.trial_of(1, 100, self.seen(widest=0.030))
        self.assertIn("30 ms", blurred.problem)
        self.assertTrue(blurred.blurred)
        self.assertFalse(trials.trial_of(1, 100, self.seen(widest=0.030), "no history").blurred)
        self.assertIn("let go", trials.trial_of(1, 101, self.seen()).problem)
        self.assertEqual(trials.trial_of(1, 100, self.seen(), "no history").problem, "no history")

    def test_invalid_ones_stay_out_of_the_figures_and_are_counted(self):
        slow = self.seen(taken=101.5)
        told = [trials.trial_of(1, 100, self.seen()), trials.trial_of(2, 100, slow)]
        told.append(trials.trial_of(3, 100, self.seen(taken=109), "the history holds ''"))
        lines = trials.summary(told)
        self.assertEqual(lines[1].split()[-5:], ["2", "400", "1200", "1200", "1200"])
        self.assertIn("invalid trials: 1", lines)
        self.assertIn("1 of 2", lines[-1])

    def test_a_line_tells_why_a_trial_is_invalid(self):
        self.assertIn("invalid: nobody", trials.line(trials.trial_of(1, 100, None)))
        self.assertIn("400 ms", trials.line(trials.trial_of(1, 100, self.seen())))


class Idle(unittest.TestCase):
    STATUS = "Name:\tlockstepd\nVmRSS:\t   20480 kB\nRssAnon:\t 4096 kB\nRssFile:\t 16384 kB\nThreads:\t3\n"

    def idle(self, **changes):
        told = dict(seconds=300, rss=20, anonymous=4, mapped=16, threads=3, cpu=0.05, connections=1)
        return idling.Idle(**(told | dict(queries=150, transactions=40) | changes))

    def holds(self, idle, ready=60):
        starts = idling.Starts(notified=[9], ready=[1, ready, 999], connect=[1, 10, 99])
        return [holds for _, holds in idling.judged(idle, starts)]

    def test_memory_and_threads_are_read_from_the_status(self):
        told = idling.parse_status(self.STATUS)
        self.assertEqual(told, {"VmRSS": 20480, "RssAnon": 4096, "RssFile": 16384, "Threads": 3})

    def test_the_time_on_processors_is_of_all_threads(self):
        self.assertAlmostEqual(idling.cpu_seconds(["1500000000 9 9\n", "250000000 8 8\n"]), 1.75)

    def test_figures_are_for_an_hour_and_a_minute(self):
        idle = self.idle()
        self.assertAlmostEqual(idle.cpu_per_hour, 0.6)
        self.assertAlmostEqual(idle.queries_per_minute, 30)
        self.assertAlmostEqual(idle.transactions_per_minute, 8)

    def test_each_wanted_figure_is_judged(self):
        self.assertEqual(self.holds(self.idle()), [True] * 4)
        self.assertEqual(self.holds(self.idle(rss=20.1)), [False, True, True, True])
        self.assertEqual(self.holds(self.idle(cpu=0.09)), [True, False, True, True])
        self.assertEqual(self.holds(self.idle(connections=2)), [True, True, False, True])

    def test_a_start_is_judged_by_its_median_without_the_connecting(self):
        self.assertEqual(self.holds(self.idle(), ready=61)[3], False)


class Scrape(unittest.TestCase):
    def request(self, due, late=0.0, took=0.001, good=True):
        return loads.Request(due, due + late, due + late + took, good)

    def test_the_connections_take_turns(self):
        each = [itertools.islice(loads.due_times(10, 200, number), 2) for number in range(loads.CONNECTIONS)]
        moments = sorted(moment for some in each for moment in some)
        wanted = [10 + number / 200 for number in range(2 * loads.CONNECTIONS)]
        self.assertEqual(moments, wanted)

    def test_a_latency_counts_from_when_the_request_was_due(self):
        phase = loads.phase_of("x", [self.request(1, late=0.020)])
        self.assertAlmostEqual(phase.p50, 21)
        self.assertAlmostEqual(phase.service_p50, 1)

    def test_a_phase_holds_what_was_due_in_it(self):
        before, inside, after = self.request(1), self.request(2, took=0.5), self.request(3)
        self.assertEqual(loads.due_between([before, inside, after], 1.5, 2.5), [inside])
        self.assertEqual(loads.due_between([before, inside, after], 1.5), [inside, after])

    def test_an_answer_that_is_none_is_an_error(self):
        phase = loads.phase_of("x", [self.request(1), self.request(2, good=False)])
        self.assertEqual((phase.requests, phase.errors), (2, 1))

    def test_wanted_is_a_p99_of_5_ms_and_no_error(self):
        quick = [self.request(1)] * 199
        self.assertTrue(loads.phase_of("x", quick + [self.request(1, took=0.1)]).as_wanted)
        self.assertFalse(loads.phase_of("x", quick[:50] + [self.request(1, took=0.1)]).as_wanted)
        self.assertFalse(loads.phase_of("x", quick + [self.request(1, good=False)]).as_wanted)
        self.assertFalse(loads.phase_of("x", []).as_wanted)

    def test_an_answer_is_a_200_with_a_length(self):
        self.assertEqual(loads.body_length(b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 12"), 12)
        self.assertIsNone(loads.body_length(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 12"))
        self.assertIsNone(loads.body_length(b"HTTP/1.1 200 OK\r\nServer: lockstepd"))


class Programs(unittest.TestCase):
    def test_what_is_missing_is_named_with_how_to_build_it(self):
        with self.assertRaisesRegex(servers.Unusable, "lockstepd.*/nowhere.*--lockstepd"):
            program.find_program("lockstepd", ["/nowhere"])


if __name__ == "__main__":
    unittest.main()
