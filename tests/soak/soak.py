#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills applications at random moments, and looks whether their host is as before.

usage: soak.py BUILD_DIRECTORY KILLS [KIBIBYTES]

The clients of the samples, and one that locks, maps, shares, waits and ends threads in every way at once, run against one host
and are killed within their first milliseconds. Now and then one is left to end by itself, and has to succeed. Afterwards the host has
the same drivers, devices and processes, and about as many descriptors, threads and mappings as after the first clients; its memory has
not grown by more than KIBIBYTES, 16384 if not given, and some bytes for each kill.
"""
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from ring3_host import Host, check  # noqa: E402

DRIVERS = ["direct_io", "neither_io", "buffered_io", "map_to_process", "mdl_pages", "common_buffer"]
CLIENTS = DRIVERS + ["cleanup"]
ONCE = {"mdl_pages"}  # wants to be the first that sees its region
LEFT_ALONE = 20  # every so many
PARALLEL = 3
WARMING_KILLS = 90
LONGEST_LIFE = 0.03  # seconds, of those that are killed


def host_of(build):
    drivers = [build / f"samples/{driver}.sys" for driver in DRIVERS] + [build / "tests/soak/soak.sys"]
    return Host(build / "bin/ring3", *drivers)


def state(host):
    """What must be as before, when every application has been run down."""
    host.await_that(lambda: len(host.list()["processes"]) == 1, "applications are left")
    state = host.state()
    return {
        "drivers": state["drivers"],
        "processes": state["processes"],
        "descriptors": len(state["descriptors"]),
        "threads": host.status("Threads"),
        "mappings": len(host.mappings()),
        "kibibytes": host.status("VmRSS"),
    }


def start(build, host, clients=CLIENTS, rounds=1000000):
    client = [build / f"samples/{random.choice(clients)}_client"]
    if random.random() < 0.5:
        client = [build / "tests/soak/client", str(random.randrange(1000000)), str(rounds)]
    return subprocess.Popen(client, env=host.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def end_by_itself(build, host):
    client = start(build, host, [name for name in CLIENTS if name not in ONCE], rounds=10)
    _, errors = client.communicate(timeout=60)
    check(client.returncode == 0, client.args[0].name, "ended with", client.returncode, errors.decode())


def kill_some(build, host, kills):
    killed = 0
    while killed < kills:
        lot = [start(build, host) for _ in range(PARALLEL)]
        for client in lot:
            time.sleep(random.random() * LONGEST_LIFE)
            client.send_signal(signal.SIGKILL)
        for client in lot:
            client.wait()
            client.stderr.close()
        killed += len(lot)
        if killed // PARALLEL % LEFT_ALONE == 0:
            end_by_itself(build, host)
        check(host.process.poll() is None, "the host ended with", host.process.returncode, "after", killed, "kills", host.said())
    return killed


def main():
    build, kills = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    kibibytes = int(sys.argv[3]) if len(sys.argv) > 3 else 16384
    seed = int(os.environ.get("RING3_SOAK_SEED", time.time_ns() % 1000000))
    random.seed(seed)
    print(f"RING3_SOAK_SEED={seed}", flush=True)
    with host_of(build) as host:
        # What is made once: pools, worker threads, caches.
        for _ in range(2 * len(CLIENTS)):
            end_by_itself(build, host)
        kill_some(build, host, WARMING_KILLS)
        before = state(host)
        killed = kill_some(build, host, kills)
        after = state(host)
        host.stop()
    failed = False
    for what in before:
        more = {"descriptors": 2, "threads": 4, "mappings": 64, "kibibytes": kibibytes + killed * 2}.get(what)
        good = before[what] == after[what] if more is None else after[what] <= before[what] + more
        if more is not None or not good:
            print(f"{what}: {before[what]} before, {after[what]} after{'' if good else '  WRONG'}")
        failed = failed or not good
    print(f"{killed} killed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
