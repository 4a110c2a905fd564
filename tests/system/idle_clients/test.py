#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What clients that do nothing cost their host: of memory no more than 64 KiB each, of processor time nothing, and nothing at all
once they have gone.

test.py RING3 DRIVER CLIENT
"""
import pathlib
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from ring3_host import Host  # noqa: E402

COUNT = 100
MOST_KIB = 64
QUIET_SECONDS = 2


def start(host, program, count):
    clients = [host.client(program) for _ in range(count)]
    for client in clients:
        client.expect("idle")
    return clients


def stop(clients):
    for client in clients:
        client.ended(0)


# Of all threads, in ticks.
def processor_time(host):
    fields = (host.folder() / "stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def main():
    ring3, driver, program = sys.argv[1:]
    with Host(ring3, driver) as host:
        # What the first ones need stays for those who come later.
        stop(start(host, program, 8))
        threads = host.status("Threads")
        first = start(host, program, 8)
        before = host.status("VmRSS")
        clients = start(host, program, COUNT)
        each = (host.status("VmRSS") - before) / COUNT
        print(f"{each:.1f} KiB of the host's memory for each client")

        ticks = processor_time(host)
        time.sleep(QUIET_SECONDS)
        ticks = processor_time(host) - ticks
        print(f"{ticks} ticks of processor time in {QUIET_SECONDS} seconds for {COUNT + 8} clients")

        stop(first + clients)
        host.await_that(lambda: host.status("Threads") <= threads, "threads are left")
        host.stop()
        if each > MOST_KIB or ticks > 1:
            sys.exit("too much")


main()
