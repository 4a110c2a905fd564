#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints variables of a program with cmake/gdb/ring3_gdb.py and compares. Usage: run.py GDB PRINTERS PROGRAM"""
import subprocess
import sys

CHECKS = (
    ("print g_name", 'L"\\\\Device\\\\Fill" (24 of 26 bytes)'),
    ("print g_nobody", "not readable"),
    ("print g_number", "-2 (0xfffffffffffffffe)"),
    ("print g_mdl", "MDL: 300 bytes at 0x10020 (locked)"),
    ("print g_driver", 'L"\\\\Driver\\\\fill"'),
    ("print g_device", 'of L"\\\\Driver\\\\fill" (DO_BUFFERED_IO | DO_EXCLUSIVE)'),
    ("print g_irp", "IRP_MJ_DEVICE_CONTROL 0x222002 (METHOD_OUT_DIRECT), in 8, out 100, pending, cancelled"),
    ("print g_empty", "empty list"),
    ("ring3-list &g_list RECORD Link", "Value = 20"),
    ("ring3-list &g_list RECORD Link", "2 entries"),
    ("ring3-list &g_records[0].Link RECORD Link", "2 entries"),
)


def main():
    gdb, printers, program = sys.argv[1:]
    command = [gdb, "-q", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-x", printers]
    command += ["-ex", "break Reached", "-ex", "run"]
    for expression, _ in CHECKS:
        command += ["-ex", "echo [%s]\\n" % expression, "-ex", expression]
    result = subprocess.run(command + [program], capture_output=True, text=True, timeout=120, check=False)
    output = result.stdout + result.stderr
    if "Breakpoint 1, Reached" not in output:
        print("skipped, gdb cannot run the program here:\n" + output)
        return 77
    failed = 0
    for expression, expected in CHECKS:
        answer = result.stdout.split("[%s]\n" % expression)[1].split("\n[print ")[0]
        if expected not in answer:
            print("%s: expected %s in:\n%s" % (expression, expected, answer))
            failed = 1
    if failed:
        print(result.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main())
