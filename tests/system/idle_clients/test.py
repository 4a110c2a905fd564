#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What clients that do nothing cost their host: of memory no more than 64 KiB each, of processor time nothing, and nothing at all
once they have gone.

test.py HOST DRIVER CLIENT        HOST is ring3-host
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

COUNT = 100
MOST_KIB = 64
QUIET_SECONDS = 2


def start(client, socket, count):
    environment = dict(os.environ, RING3_HOST=str(socket))
    clients = [subprocess.Popen([client], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(count)]
    for process in clients:
        if process.stdout.readline() != b"idle\n":
            sys.exit(f"a client did not get its answer: status {process.wait()}")
    return clients


def stop(clients):
    for process in clients:
        process.stdin.close()
    if any(process.wait() != 0 for process in clients):
        sys.exit("a client failed")


def status(process, field):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    sys.exit(f"no {field} in /proc/PID/status")


# Of all threads, in ticks.
def processor_time(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def await_that(condition, what):
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(what)
        time.sleep(0.01)


def main():
    program, driver, client = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        socket = pathlib.Path(directory) / "host.sock"
        host = subprocess.Popen([program, "--socket", socket, "--driver", driver])
        await_that(lambda: socket.exists() or host.poll() is not None, "the host does not come up")
        # What the first ones need stays for those who come later.
        stop(start(client, socket, 8))
        threads = status(host, "Threads")
        first = start(client, socket, 8)
        before = status(host, "VmRSS")
        clients = start(client, socket, COUNT)
        each = (status(host, "VmRSS") - before) / COUNT
        print(f"{each:.1f} KiB of the host's memory for each client")

        ticks = processor_time(host)
        time.sleep(QUIET_SECONDS)
        ticks = processor_time(host) - ticks
        print(f"{ticks} ticks of processor time in {QUIET_SECONDS} seconds for {COUNT + 8} clients")

        stop(first + clients)
        await_that(lambda: status(host, "Threads") <= threads, "threads are left")
        host.terminate()
        if host.wait() != 0:
            sys.exit("the host failed")
        if each > MOST_KIB or ticks > 1:
            sys.exit("too much")


main()
