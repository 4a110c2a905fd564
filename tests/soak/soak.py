#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills applications at random moments, and looks whether their host is as before.

usage: soak.py BUILD_DIRECTORY KILLS

The clients of the samples, and one that locks, maps, shares, waits and ends threads in every way at once, run against one host
and are killed within their first milliseconds. Now and then one is left to end by itself, and has to succeed. Afterwards the host has
the same drivers, devices and processes, and about as many descriptors, threads and mappings as after the first clients; its memory has
not grown by more than some pages for each kill.
"""
import atexit
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

DRIVERS = ["direct_io", "neither_io", "buffered_io", "map_to_process", "mdl_pages", "common_buffer"]
CLIENTS = DRIVERS + ["cleanup"]
ONCE = {"mdl_pages"}  # wants to be the first that sees its region
LEFT_ALONE = 20  # every so many
PARALLEL = 3
WARMING_KILLS = 90
LONGEST_LIFE = 0.03  # seconds, of those that are killed


class Host:
    def __init__(self, build, environment):
        self.build, self.environment = build, environment
        command = [build / "bin/ring3", "host", "--name", "soak", "--fail-on-leaks"]
        for driver in DRIVERS:
            command += ["--driver", build / f"samples/{driver}.sys"]
        command += ["--driver", build / "tests/soak/soak.sys"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.terminate)
        if not self.process.stdout.readline().startswith("export RING3_HOST"):
            sys.exit("the host did not come up")
        self.pid = self.list()["host"]["process"]

    def ring3(self, *arguments):
        return subprocess.run([self.build / "bin/ring3", *arguments, "--host", "soak"], env=self.environment,
                              capture_output=True, text=True, check=True).stdout

    def list(self):
        return json.loads(self.ring3("list", "--json"))

    def state(self):
        """What must be as before, when every application has been run down."""
        deadline = time.monotonic() + 30
        while True:
            listed = self.list()
            if len(listed["processes"]) == 1 or time.monotonic() > deadline:
                break
        folder = pathlib.Path(f"/proc/{self.pid}")
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        return {
            "drivers": listed["drivers"],
            "processes": [(process["image"], process["handles"], process["shared"]) for process in listed["processes"]],
            "descriptors": len(list((folder / "fd").iterdir())),
            "threads": int(status["Threads"]),
            "mappings": len((folder / "maps").read_text().splitlines()),
            "kibibytes": int(status["VmRSS"].split()[0]),
        }


def start(build, environment, clients=CLIENTS, rounds=1000000):
    client = [build / f"samples/{random.choice(clients)}_client"]
    if random.random() < 0.5:
        client = [build / "tests/soak/client", str(random.randrange(1000000)), str(rounds)]
    return subprocess.Popen(client, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def end_by_itself(build, environment):
    client = start(build, environment, [name for name in CLIENTS if name not in ONCE], rounds=10)
    _, errors = client.communicate(timeout=60)
    if client.returncode != 0:
        sys.exit(f"{client.args[0].name} ended with {client.returncode}: {errors.decode()}")


def kill_some(build, environment, host, kills):
    killed = 0
    while killed < kills:
        lot = [start(build, environment) for _ in range(PARALLEL)]
        for client in lot:
            time.sleep(random.random() * LONGEST_LIFE)
            client.send_signal(signal.SIGKILL)
        for client in lot:
            client.wait()
            client.stderr.close()
        killed += len(lot)
        if killed // PARALLEL % LEFT_ALONE == 0:
            end_by_itself(build, environment)
        if host.process.poll() is not None:
            sys.exit(f"the host ended with {host.process.returncode} after {killed} kills")
    return killed


def main():
    build, kills = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    seed = int(os.environ.get("RING3_SOAK_SEED", time.time_ns() % 1000000))
    random.seed(seed)
    print(f"RING3_SOAK_SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory() as runtime:
        environment = dict(os.environ, XDG_RUNTIME_DIR=runtime, RING3_HOST="soak")
        host = Host(build, environment)
        # What is made once: pools, worker threads, caches.
        for _ in range(2 * len(CLIENTS)):
            end_by_itself(build, environment)
        kill_some(build, environment, host, WARMING_KILLS)
        before = host.state()
        killed = kill_some(build, environment, host, kills)
        after = host.state()
        host.ring3("stop")
        status = host.process.wait(timeout=60)
    failed = status != 0
    for what in before:
        more = {"descriptors": 2, "threads": 4, "mappings": 64, "kibibytes": 16384 + killed * 2}.get(what)
        good = before[what] == after[what] if more is None else after[what] <= before[what] + more
        if more is not None or not good:
            print(f"{what}: {before[what]} before, {after[what]} after{'' if good else '  WRONG'}")
        failed = failed or not good
    print(f"{killed} killed; the host ended with {status}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
