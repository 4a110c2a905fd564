# SPDX-License-Identifier: MIT
"""A host of a test's own, its clients, and what must be as before when they have gone."""
import atexit
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

MOST_SECONDS = 30
BUG_CHECK_STATUS = 86


def check(condition, *what):
    if not condition:
        sys.exit(" ".join(str(word) for word in what))


def kind_of_descriptor(link):
    """What is the same in two processes, or twice in one: no numbers."""
    try:
        return re.sub(r":\[\d+\]", "", os.readlink(link))
    except FileNotFoundError:
        return None  # the one that reads the folder, or closed meanwhile


class Client:
    """A program that says lines, is told lines, and ends or is killed."""

    def __init__(self, host, *command):
        self.command = [str(word) for word in command]
        self.process = subprocess.Popen(self.command, env=host.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.pid = self.process.pid
        atexit.register(self.process.kill)

    def hear(self):
        line = self.process.stdout.readline()
        check(line, *self.command, "ended with", self.process.poll() if line else self.process.wait(), "and said nothing")
        return line.rstrip("\n")

    def expect(self, line):
        heard = self.hear()
        check(heard == line, *self.command, "said", repr(heard), "instead of", repr(line))

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line):
        self.tell(line)
        return self.hear()

    def ended(self, status):
        """It ends by itself, with that."""
        rest = self.process.communicate(timeout=MOST_SECONDS)[0]
        check(self.process.returncode == status, *self.command, "ended with", self.process.returncode, "not", status, rest)
        return rest

    def kill(self):
        self.process.kill()
        self.ended(-signal.SIGKILL)


class Host:
    """`ring3 host` in a runtime directory of its own: leave the `with` and it is gone."""

    def __init__(self, ring3, *drivers, options=("--fail-on-leaks",)):
        self.ring3_program = ring3
        self.runtime = tempfile.TemporaryDirectory()
        atexit.register(self.runtime.cleanup)
        self.environment = dict(os.environ, XDG_RUNTIME_DIR=self.runtime.name, RING3_HOST="test")
        self.errors = open(pathlib.Path(self.runtime.name) / "errors", "w+")
        command = [ring3, "host", "--name", "test", *options]
        for driver in drivers:
            command += ["--driver", driver]
        self.process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        atexit.register(self.process.kill)
        if not self.process.stdout.readline().startswith("export RING3_HOST"):
            sys.exit(f"the host did not come up: {self.said()}")
        self.pid = self.list()["host"]["process"]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print(self.said(), file=sys.stderr)
        if self.process.poll() is None:
            # Its own end ends the host.
            self.process.terminate()
            self.process.wait(timeout=MOST_SECONDS)

    def said(self):
        """On standard error, so far."""
        self.errors.seek(0)
        return self.errors.read()

    def command(self, *arguments):
        return subprocess.run([self.ring3_program, *arguments], env=self.environment, capture_output=True, text=True,
                              timeout=MOST_SECONDS)

    def ring3(self, *arguments):
        done = self.command(*arguments)
        check(done.returncode == 0, "ring3", *arguments, "ended with", done.returncode, done.stderr, self.said())
        return done.stdout

    def list(self):
        return json.loads(self.ring3("list", "--json"))

    def client(self, *command):
        return Client(self, *command)

    # ---- What it has

    def folder(self):
        return pathlib.Path(f"/proc/{self.pid}")

    def descriptors(self):
        """Without code, whose symbols are read when somebody is to be named for the first time."""
        kinds = map(kind_of_descriptor, (self.folder() / "fd").iterdir())
        return sorted(kind for kind in kinds if kind is not None and not kind.endswith((".sys", ".so")))

    def status(self, field):
        """A number of /proc/PID/status."""
        return int(re.search(rf"^{field}:\s*(\d+)", (self.folder() / "status").read_text(), re.MULTILINE)[1])

    def mappings(self):
        return (self.folder() / "maps").read_text().splitlines()

    def process_of(self, client):
        """As it is listed."""
        return next(process for process in self.list()["processes"] if process.get("linux_process") == client.pid)

    def state(self):
        """What must be as before when clients have gone, those that are there still included."""
        listed = self.list()
        return {
            "drivers": listed["drivers"],
            "processes": [{key: process[key] for key in ("image", "handles", "shared")} for process in listed["processes"]],
            "client memory": [line.split(maxsplit=5)[5] for line in self.mappings() if "memfd:ring3-client" in line],
            "descriptors": self.descriptors(),
        }

    def await_that(self, condition, what):
        """Ends take their time, and nobody tells when."""
        deadline = time.monotonic() + MOST_SECONDS
        while not condition():
            check(self.process.poll() is None, "the host ended with", self.process.returncode, self.said())
            check(time.monotonic() < deadline, what() if callable(what) else what)

    def await_state(self, before):
        now = {}

        def is_as_before():
            now.update(self.state())
            return now == before

        self.await_that(is_as_before, lambda: "\n".join(
            f"{what}: {before[what]} before, {now[what]} now" for what in before if before[what] != now[what]))

    # ---- Ends

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.ended(128 + signal.SIGKILL)

    def stop(self, status=0):
        self.ring3("stop")
        self.ended(status)

    def ended(self, status):
        self.process.wait(timeout=MOST_SECONDS)
        check(self.process.returncode == status, "the host ended with", self.process.returncode, "not", status, self.said())
