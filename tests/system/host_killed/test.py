#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: test.py RING3 DRIVER CLIENT: kills the host under a client."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from ring3_host import Host, check  # noqa: E402

ring3, driver, program = sys.argv[1:]
with Host(ring3, driver) as host:
    # As a program has it that a client of `ring3 run` has started, and that has another host.
    host.environment["RING3_PRIVATE_HOST"] = "/nowhere/run-1.sock"
    client = host.client(program)
    client.expect("ready")
    host.kill()
    rest = client.ended(23)
    check(rest == "told\n", "the client said", rest)
