#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: test.py RING3 DRIVER CLIENT: kills the host under a client."""
import json
import os
import signal
import subprocess
import sys
import tempfile

ring3, driver, client = sys.argv[1:]
with tempfile.TemporaryDirectory() as runtime:
    environment = dict(os.environ, XDG_RUNTIME_DIR=runtime, RING3_HOST="killed")
    host = subprocess.Popen([ring3, "host", "--name", "killed", "--driver", driver], env=environment, stdout=subprocess.PIPE, text=True)
    if not host.stdout.readline().startswith("export RING3_HOST"):
        sys.exit("the host did not come up")
    listed = subprocess.run([ring3, "list", "--json"], env=environment, capture_output=True, text=True, check=True).stdout
    program = subprocess.Popen([client], env=environment, stdout=subprocess.PIPE, text=True)
    if program.stdout.readline() != "ready\n":
        sys.exit(f"the client did not come up: status {program.wait(timeout=20)}")
    os.kill(json.loads(listed)["host"]["process"], signal.SIGKILL)
    rest = program.communicate(timeout=30)[0]
    if (program.returncode, rest) != (23, "told\n"):
        sys.exit(f"the client ended with {program.returncode}: {rest}")
    if host.wait(timeout=30) != 128 + signal.SIGKILL:
        sys.exit(f"ring3 host ended with {host.returncode}")
