#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: test.py RING3 DRIVER CLIENT CASE: `ring3 unload` of a driver that has memory of a living application locked, or of its own mapped
there.
"""
import pathlib
import re
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from ring3_host import BUG_CHECK_STATUS, Host, check  # noqa: E402

LEAKED_STATUS = 87


def expect(client, line, answer="done"):
    heard = client.ask(line)
    check(heard == answer, line, "was answered with", heard, "instead of", answer)


def stops(host, client, report):
    """The machine has stopped; the application goes on without."""
    host.ended(BUG_CHECK_STATUS)
    check(re.search(report, host.said(), re.DOTALL), host.said())
    expect(client, "be told that the host is gone", "told")
    client.ended(7)


def unload_stops(host, client, report):
    unload = host.command("unload", "unload")
    check(unload.returncode == 125 and "it ended" in unload.stderr, "ring3 unload ended with", unload.returncode, unload.stderr)
    stops(host, client, report)


def stop_report(code, name, *parameters):
    pattern = ", ".join("0x" + ("[0-9A-F]+" if parameter is None else f"{parameter:016X}") for parameter in parameters)
    return rf"STOP: 0x{code:08X} \({pattern}\).{name}"


def deferred(host, client, driver):
    """It waits for the last handle. The driver undoes everything in IRP_MJ_CLEANUP, as it should."""
    for line in ("lock", "map", "fill"):
        expect(client, line)
    said = host.command("unload", "unload")
    check("goes when the last handle" in said.stdout + said.stderr, said)
    expect(client, "open again", "no such device")
    expect(client, "look", "filled")
    expect(client, "read", "a page of the driver's")
    expect(client, "write")
    expect(client, "fill")
    expect(client, "look", "filled")
    check(len(host.process_of(client)["shared"]) == 2, "of the driver's:", host.process_of(client)["shared"])
    expect(client, "close")
    listed = host.list()
    check(listed["drivers"] == [], "it is still there:", listed["drivers"])
    check(host.process_of(client)["shared"] == [], "is left:", host.process_of(client)["shared"])
    expect(client, "look", "filled")
    expect(client, "write")
    # It can come again.
    host.ring3("load", driver)
    expect(client, "open")
    expect(client, "map")
    expect(client, "read", "a page of the driver's")
    client.ended(7)
    host.stop()


def locked(host, client, _):
    for line in ("lock", "forget", "close"):
        expect(client, line)
    unload_stops(host, client, stop_report(0xCB, "DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS", None, 0, None, 3) + ".*LockPages at driver.c")


def locked_killed(host, client, _):
    """The process ends first."""
    other = host.client(*client.command)
    expect(other, "open")
    for line in ("lock", "forget", "close"):
        expect(client, line)
    client.kill()
    stops(host, other, stop_report(0x76, "PROCESS_HAS_LOCKED_PAGES", 0, None, 3, 0) + ".*LockPages at driver.c")


def mapped_freed(host, client, _):
    for line in ("map", "free", "close"):
        expect(client, line)
    unload_stops(host, client, stop_report(0xC4, "DRIVER_VERIFIER_DETECTED_VIOLATION", 0xB8, None, None, 0) + ".*Unload at driver.c")


def mapped_left(host, client, _):
    """There is no bug check for that: it is reported as what the driver has left, by name, when the host stops."""
    for line in ("map", "forget", "close"):
        expect(client, line)
    host.ring3("unload", "unload")
    check(host.list()["drivers"] == [])
    expect(client, "read", "a page of the driver's")
    shared = host.process_of(client)["shared"]
    check(len(shared) == 1 and shared[0]["kind"] == "driver memory", "of the driver's:", shared)
    client.ended(7)
    host.stop(LEAKED_STATUS)
    for left in ("MDL .* not freed", "4096 bytes of contiguous memory"):
        check(re.search(f"ring3: left: [^\n]*{left}[^\n]* at driver.c", host.said()), host.said())


def main():
    ring3, driver, program, case = sys.argv[1:]
    with Host(ring3, driver) as host:
        client = host.client(program)
        expect(client, "open")
        globals()[case](host, client, driver)


main()
