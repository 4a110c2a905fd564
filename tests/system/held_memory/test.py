#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: test.py RING3 DRIVER CLIENT: a driver holds memory of applications that have ended: in a request that is not completed, and locked
until IRP_MJ_CLEANUP. It has what the application wrote last, can write to it, and nobody else gets it before it is unlocked.
"""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from ring3_host import Host, check  # noqa: E402

LARGE, PAGE = 16 << 20, 4096
# How many of the bytes that were written last are seen: the others are locked by a copy.
KINDS = {"heap": (LARGE, LARGE), "virtual": (LARGE, LARGE), "file": (0, LARGE), "pieces": (4 * PAGE, 5 * PAGE), "stack": (0, 5 * PAGE)}
MOST_KIB = 2048


def expect(observer, line, answer="done"):
    heard = observer.ask(line)
    check(heard == answer, line, "was answered with", heard, "instead of", answer)


def hold(host, program, observer, kind, way, end):
    seen, length = KINDS[kind]
    client = host.client(program, "hold", kind, way)
    client.expect("held")
    regions = host.process_of(client)["shared"]
    check([region["kind"] for region in regions] == ["locked pages"], "the driver has", regions)
    expect(observer, "look 22", f"{seen} of {length}")
    client.kill() if end == "killed" else client.tell("end")
    expect(observer, "await end")
    expect(observer, "look 22", f"{seen} of {length}")
    expect(observer, "serve")
    expect(observer, "look 22", f"{seen} of {length}")
    expect(observer, "fill 33", f"{length} of {length}")
    expect(observer, "serve")
    expect(observer, "look 33", f"{length} of {length}")
    expect(observer, "release")
    if end == "ended":
        client.ended(7)


def main():
    ring3, driver, program = sys.argv[1:]
    with Host(ring3, driver) as host:
        observer = host.client(program, "observe")
        expect(observer, "serve")
        # What is made once; the list reads symbols of whoever locked.
        for way in ("request", "pages"):
            hold(host, program, observer, "pieces", way, "killed")
        host.await_that(lambda: len(host.list()["processes"]) == 2, "the first clients are left")
        before, memory = host.state(), None
        ways = [(kind, way, end) for kind in KINDS for way in ("request", "pages") for end in ("killed", "ended")]
        for way in ways:
            print(*way, flush=True)
            hold(host, program, observer, *way)
            host.await_state(before)
            # Pages that the host has touched, in whatever object they are.
            now = host.status("RssShmem")
            memory = memory or now
            check(now < memory + MOST_KIB, "the host has", now, "KiB of shared memory instead of", memory)
        observer.ended(0)
        host.stop()


main()
