"""What is started is found again, and ends with all that it started: `python3 -m unittest discover localstack`."""

import os
import signal
import tempfile
import time
import unittest
from dataclasses import replace
from pathlib import Path

from cloud import processes
from cloud.processes import Process

# A shell that heeds no SIGTERM, and a child of it.
STUBBORN = "trap '' TERM; sleep 1000 & echo ready; wait"


class Processes(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def start(self, script):
        """Starts a shell, and waits until it says that it is ready."""
        log = self.folder / "log"
        process = processes.start(["sh", "-c", script], self.folder, dict(os.environ), log)
        self.addCleanup(processes.stop, process, 0)
        while "ready" not in log.read_text():
            time.sleep(0.01)
        return process

    def test_a_process_is_found_again_by_what_was_saved(self):
        process = self.start("echo ready; exec sleep 1000")
        process.save(self.folder / "pid")
        found = Process.load(self.folder / "pid")
        self.assertEqual((found, found.runs()), (process, True))

    def test_nothing_or_half_of_it_saved_is_no_process(self):
        self.assertIsNone(Process.load(self.folder / "pid"))
        (self.folder / "pid").write_text('{"pid": 1')
        self.assertIsNone(Process.load(self.folder / "pid"))

    def test_another_process_with_the_same_number_is_not_taken_for_it(self):
        other = replace(self.start("echo ready; exec sleep 1000"), born="long ago")
        self.assertEqual((other.runs(), other.members()), (False, []))

    def test_a_group_that_heeds_no_signal_ends_by_force(self):
        process = self.start(STUBBORN)
        processes.stop(process, 0.1)
        self.assertEqual((process.runs(), process.members()), (False, []))

    def test_what_a_crashed_process_left_behind_ends_too(self):
        process = self.start(STUBBORN)
        os.kill(process.pid, signal.SIGKILL)
        while process.runs():
            time.sleep(0.01)
        self.assertNotEqual(process.members(), [])
        processes.stop(process, 10)
        self.assertEqual(process.members(), [])


if __name__ == "__main__":
    unittest.main()
