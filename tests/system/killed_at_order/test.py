#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: test.py RING3 FOLDER lock|adoption|map|view|silence

Applications that are killed at an order of the host: in MmProbeAndLockPages (of their own, of the I/O manager's, of another process), in an
adoption, in MmMapLockedPagesSpecifyCache (of their own, of another application that the pages move for). Each time the driver gets the
documented exception, and afterwards the host is as before and serves another application. So it is with one that does not answer for ten
seconds, which the host kills, unless it is stopped.
"""
import os
import pathlib
import signal
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from ring3_host import Host, check  # noqa: E402

ACCESS_VIOLATION = "c0000005"
SUCCESS = "00000000"
# "If the specified pages cannot be mapped, the routine raises an exception", which one is nobody's promise.
NOT_MAPPED = {"c000009a", "c000010a"}  # insufficient resources, process is terminating

# Request, order, its count, moment.
LOCKS = [("object", 1, "before"), ("object", 1, "after"), ("adopt", 1, "before"), ("adopt", 2, "before")]
ADOPTIONS = [("adopt", count, moment) for count in (1, 2) for moment in ("before", "midway", "after")]
MAPS = [("reserve", 1, "before"), ("reserve", 1, "after"), ("object", 1, "before"), ("object", 1, "after"), ("map", 1, "before"),
        ("map", 1, "midway"), ("map", 1, "after"), ("close", 1, "before"), ("close", 1, "after")]
# The second object, and so on: the first is that of its own mapping.
VIEWS = [("hold", 1, "before"), ("hold", 1, "midway"), ("hold", 1, "after"), ("object", 2, "before"), ("object", 2, "after"),
         ("map", 2, "before"), ("map", 2, "midway"), ("map", 2, "after"), ("close", 2, "before"), ("close", 2, "after")]


class Test:
    def __init__(self, host, folder):
        self.host, self.folder = host, folder
        self.observer = host.client(folder / "killed_at_order_observer")
        self.socket = host.list()["host"]["socket"]
        # What is made once.
        self.serve()
        self.lock("adopt", 1, "after")
        self.host.await_that(lambda: len(self.host.list()["processes"]) == 2, "the first application is left")
        self.before = host.state()

    def serve(self):
        check(self.observer.ask("serve") == "served")

    def start(self, *way):
        return self.host.client(self.folder / "killed_at_order", self.socket, *way)

    def afterwards(self, application):
        application.ended(-signal.SIGKILL)
        self.serve()
        self.host.await_state(self.before)

    def lock(self, *end):
        application = self.start("lock", *end)
        outcome = self.observer.ask("outcome")
        check(outcome == ACCESS_VIOLATION, "lock", *end, "raised", outcome)
        return application

    def lock_direct(self, *end):
        calls = self.observer.ask("calls")
        application = self.start("direct", *end)
        application.ended(-signal.SIGKILL)
        self.host.await_state(self.before)
        check(self.observer.ask("calls") == calls, "direct", *end, "reached the driver")
        return application

    def lock_offered(self, *end):
        application = self.start("offer", *end)
        application.expect("offer")
        outcome = self.observer.ask("lock offered")
        check(outcome == ACCESS_VIOLATION, "offer", *end, "raised", outcome)
        return application

    def map(self, *end):
        application = self.start("map", *end)
        outcome = self.observer.ask("outcome")
        # The descriptor is closed when the pages are mapped already.
        check(outcome == SUCCESS if end[0] == "close" else outcome in NOT_MAPPED, "map", *end, "raised", outcome)
        return application

    def write_beside(self, *end):
        application = self.start("show", *end)
        application.expect("show")
        check(self.observer.ask("outcome") == SUCCESS)
        check(self.observer.ask("write") == "written")
        return application

    def silence(self, *order):
        stopped = self.start("lock", *order, "stopped")
        stat = pathlib.Path(f"/proc/{stopped.pid}/stat")
        self.host.await_that(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "it does not stop")
        # Its time is up later.
        silent = self.lock(*order, "silent")
        said = f"protocol_client (Linux process {silent.pid}) was killed: it has not carried out an order of the host for 10 seconds"
        check(said in self.host.said(), "the host said", self.host.said())
        os.kill(stopped.pid, signal.SIGCONT)
        outcome = self.observer.ask("outcome")
        check(outcome == SUCCESS, "lock", *order, "stopped raised", outcome)
        stopped.ended(0)
        return silent


def main():
    ring3, folder, what = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    with Host(ring3, folder / "killed_at_order.sys") as host:
        test = Test(host, folder)
        ways = {
            "lock": [(way, end) for way in (test.lock, test.lock_direct, test.lock_offered) for end in LOCKS],
            "adoption": [(way, end) for way in (test.lock, test.lock_direct, test.lock_offered) for end in ADOPTIONS],
            "map": [(test.map, end) for end in MAPS],
            "view": [(test.write_beside, end) for end in VIEWS],
            "silence": [(test.silence, ("adopt", 1))],
        }[what]
        for way, end in ways:
            print(way.__name__, *end, flush=True)
            test.afterwards(way(*end))
        test.observer.ended(0)
        host.stop()


main()
