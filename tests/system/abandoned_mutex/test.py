#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: test.py RING3 CLIENT: applications that are killed, or end, while they own a mutex that others wait for."""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
from ring3_host import Host, check  # noqa: E402


class Test:
    def __init__(self, host, program):
        self.host, self.program = host, program
        self.before = None

    def client(self, *words):
        """One that has done this, word and answer by turns."""
        client = self.host.client(self.program)
        for word, answer in zip(words[::2], words[1::2]):
            self.ask(client, word, answer)
        return client

    @staticmethod
    def ask(client, word, answer):
        heard = client.ask(word)
        check(heard == answer, word, "was answered with", repr(heard), "instead of", repr(answer))

    def await_processes(self, count):
        self.host.await_that(lambda: len(self.host.list()["processes"]) == count + 1, "the owner is left")

    def end(self, owner, way):
        if way == "killed":
            owner.kill()
        else:
            owner.tell("end")
            owner.ended(7)

    def owner_ends(self, way, wait, answer):
        """While two wait, of which one is told that it was abandoned, the other that it was released."""
        owner = self.client("make", "acquired", "try", "acquired")
        first = self.client("open", "opened", "try", "timeout")
        second = self.client("open", "opened", "release", "not the owner")
        first.tell(wait)
        self.end(owner, way)
        first.expect(answer)
        self.ask(second, "try", "timeout")
        second.tell("wait")
        # It owns it, once, however often the other one did.
        self.ask(first, "try", "acquired")
        self.ask(first, "release", "released")
        self.ask(first, "release", "released")
        second.expect("acquired")
        self.ask(first, "release", "not the owner")
        self.end(second, way)
        # Abandoned again, with nobody there.
        self.await_processes(1)
        self.ask(first, wait, answer)
        self.ask(first, "release", "released")
        self.ask(first, "wait", "acquired")
        self.end(first, way)

    def waiter_ends(self, way):
        """Nobody notices."""
        owner = self.client("make", "acquired")
        waiter, other = self.client("open", "opened"), self.client("open", "opened")
        waiter.tell("wait")
        other.tell("wait")
        waiter.kill()
        self.await_processes(2)
        self.ask(owner, "release", "released")
        other.expect("acquired")
        self.ask(owner, "try", "timeout")
        self.end(other, way)
        self.end(owner, way)

    def run(self):
        for way in ("killed", "ended"):
            for wait, answer in (("wait", "abandoned"), ("wait for any", "abandoned, second"), ("wait for all", "abandoned")):
                yield self.owner_ends, (way, wait, answer)
            yield self.waiter_ends, (way,)


def main():
    with Host(*sys.argv[1:2]) as host:
        test = Test(host, sys.argv[2])
        test.client("make", "acquired").kill()
        test.await_processes(0)
        before = host.state()
        for way, arguments in test.run():
            print(way.__name__, *arguments, flush=True)
            way(*arguments)
            host.await_state(before)
        host.stop()


main()
