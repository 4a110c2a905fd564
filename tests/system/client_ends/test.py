#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: test.py RING3 DRIVER CLIENT pending|handles

pending: applications that end, or are killed, with requests pending: they are cancelled, then come IRP_MJ_CLEANUP and IRP_MJ_CLOSE.
handles: one that closes handles twice.
"""
import collections
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from ring3_host import Host, check  # noqa: E402

# Of the handle with three requests, of those with one each, and of the one that looks.
ENDS = [[["buffered", "direct", "neither"], "cleanup", "close"], [["buffered"], "cleanup", "close"],
        [["direct"], "cleanup", "close"], [["neither"], "cleanup", "close"], [[], "cleanup", "close"]]


def ends_of(observer, process):
    """Of each handle: the kinds of requests that were cancelled, what came then."""
    files = collections.defaultdict(list)
    for event in observer.ask(process).split():
        file, what = event.split(":")
        files[file].append(what)
    # In which order requests are cancelled is nobody's promise.
    return sorted([sorted(events[:-2]), *events[-2:]] for events in files.values())


def pending(host, program, observer, way):
    client = host.client(program, "pend")
    process = client.hear()
    kinds = [region["kind"] for region in host.process_of(client)["shared"]]
    check(kinds == ["locked pages"] * 4, "the driver has", kinds)
    if way == "kill":
        client.kill()
    else:
        client.tell(way)
        client.ended(7)
    return process, sorted(ENDS)


def handles(host, program, observer, way):
    client = host.client(program, "handles")
    process = client.hear()
    before = host.process_of(client)["handles"]
    check(len(before) > 1, "only these handles:", before)
    check(client.ask("go on") == "closed")
    check(host.process_of(client)["handles"] == before, before, "is now", host.process_of(client)["handles"])
    one = [[], "cleanup", "close"]
    ends = ends_of(observer, process)
    check(ends == [one] * 51, "handles that are closed:", ends)
    if way == "kill":
        client.kill()
    else:
        client.tell(way)
        client.ended(7)
    return process, [one]


def main():
    ring3, driver, program, what = sys.argv[1:]
    with Host(ring3, driver) as host:
        observer = host.client(program, "observe")
        observer.ask("0")
        before = None
        for way in ("return", "kill", "return", "ExitProcess", "kill"):
            process, expected = {"pending": pending, "handles": handles}[what](host, program, observer, way)
            print(way, flush=True)
            # With the first, what is made once.
            host.await_that(lambda: len(host.list()["processes"]) == 2, "the client is left")
            host.await_state(before) if before else None
            before = before or host.state()
            ends = ends_of(observer, process)
            check(ends == expected, "handles ended so:", ends)
        observer.ended(0)
        host.stop()


main()
