#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what keeps the tree in order, from the sources alone:

  layering   a component includes internal headers of itself and of the components below it only
  linux      only src/os includes headers of Linux and POSIX
  tests      every *_test.cpp is in a folder whose tests are built
  samples    every sample has what the tour runs, and is built
  documents  ./dev commands in the documentation exist; links to files lead somewhere
  locks      docs/locks.md names every rank of src/base/lock_rank.h, in order
  licence    every source begins with the licence line
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
ORDER = "base os rtl ke mm ex ob se ps cm io hal nt boot host".split()
# What the two sides of the channel share.
CHANNEL = {"transport/channel.h", "transport/messages.h", "transport/service_index.h"}
# Beside the executive: what they may include of it. What they need of the executive they reach through its exports.
PROGRAMS = {
    "transport": {"base", "os", "rtl", "nt/services.h", "nt/information.h", "transport"},
    "win32": {"base", "os", "rtl", "nt/services.h", "nt/information.h", "transport", "win32"},
    # Pure code, compiled into what ring3-cc links.
    "crt": {"crt", "rtl/unicode.h", "rtl/format_engine.h"},
    "cc": {"cc"},
    "cli": {"base", "os", "cli", "host/control_text.h", "transport/messages.h"},
}
# Tests boot what they test: the fixtures reach upwards.
TEST_FIXTURES = {"ps/components_test.h", "io/io_test.h"}
LINUX = re.compile(
    r"(sys/.*|linux/.*|asm/.*|unistd|pthread|fcntl|dlfcn|link|elf|signal|ucontext|sched|poll|semaphore|spawn|termios|"
    r"execinfo|time|dirent|ftw|glob|pwd|grp|netdb|netinet/.*|arpa/.*|elfutils/.*)\.h")
# Standard C's <time.h>, <signal.h> are here too: what they say is Linux' on Linux.
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)


def tracked(*patterns):
    output = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in output.splitlines() if (ROOT / line).exists()]


def name(path):
    return str(path.relative_to(ROOT))


def sources():
    return tracked("src/*.cpp", "src/*.h", "src/*.c", "src/*.S")


def is_test(path):
    return re.search(r"_test\.(cpp|h|c)$|test_\w+\.h$|\w_test_", path.name) is not None


def layering():
    for path in sources():
        component = path.relative_to(SRC).parts[0]
        for _, header in INCLUDE.findall(path.read_text()):
            folder = header.split("/")[0]
            if not (SRC / folder).is_dir() or not (SRC / header).exists():
                continue
            if component in ORDER:
                allowed = folder in ORDER and ORDER.index(folder) <= ORDER.index(component)
                # A component's tests run on the executive that boot brings up.
                allowed = allowed or (component == "host" and header in CHANNEL)
                allowed = allowed or (is_test(path) and (folder in ORDER or header in TEST_FIXTURES))
            else:
                rules = PROGRAMS.get(component)
                if rules is None:
                    yield f"{name(path)}: folder src/{component} is not in tests/structure/check.py"
                    break
                allowed = folder in rules or header in rules or (is_test(path) and folder == "os")
            if not allowed:
                yield f"{name(path)} includes {header}, which is not below src/{component}"


def linux():
    for path in sources():
        component = path.relative_to(SRC).parts[0]
        if component in ("os", "crt", "cc", "cli") or is_test(path):
            continue
        for bracket, header in INCLUDE.findall(path.read_text()):
            if bracket == "<" and LINUX.fullmatch(header):
                yield f"{name(path)} includes <{header}>: only src/os may"


def tests():
    built = set(ORDER)
    for path in tracked("src/*_test.cpp", "tests/*_test.cpp"):
        parts = path.relative_to(ROOT).parts
        if parts[0] == "src" and len(parts) == 3 and parts[1] in built:
            continue  # globbed by ring3_component
        folder = path.parent
        lists = folder / "CMakeLists.txt"
        text = lists.read_text() if lists.exists() else ""
        if path.name not in text and not re.search(r"GLOB[^)]*_test\.cpp", text):
            yield f"{name(path)} is in no target"


def samples():
    tour = (ROOT / "samples" / "tour").read_text()
    lists = (ROOT / "samples" / "CMakeLists.txt").read_text()
    for folder in sorted((ROOT / "samples").iterdir()):
        if not folder.is_dir() or folder.name == "common":
            continue
        if not (folder / "client.c").exists():
            yield f"samples/{folder.name} has no client.c"
        if folder.name not in tour:
            yield f"samples/tour does not run {folder.name}"
        if folder.name not in lists and "GLOB" not in lists:
            yield f"samples/CMakeLists.txt does not build {folder.name}"


def documents():
    dev = (ROOT / "dev").read_text()
    commands = set()
    for match in re.findall(r"^  ([a-z|\-]+)\)$", dev, re.MULTILINE):
        commands.update(match.split("|"))
    for path in tracked("*.md"):
        text = path.read_text()
        for command in re.findall(r"\./dev ([a-z]+)", text):
            if command not in commands:
                yield f"{name(path)}: ./dev {command} does not exist"
        for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
            if not (path.parent / link).exists():
                yield f"{name(path)}: {link} does not exist"
        for word in re.findall(r"`((?:src|tests|docs|samples|cmake|include|bench)/[\w./-]*\w)`", text):
            if not (ROOT / word).exists() and not list(ROOT.glob(word + "*")):
                yield f"{name(path)}: {word} does not exist"


def locks():
    ranks = re.findall(r"^\s*(k\w+) = (\d+),", (SRC / "base" / "lock_rank.h").read_text(), re.MULTILINE)
    document = ROOT / "docs" / "locks.md"
    if not document.exists():
        yield "docs/locks.md does not exist"
        return
    shown = dict(re.findall(r"(k\w+) (\d+)", document.read_text()))
    for rank, value in ranks:
        if shown.pop(rank, None) != value:
            yield f"docs/locks.md does not show {rank} {value}"
    for rank in shown:
        yield f"docs/locks.md shows {rank}, which does not exist"
    order = [int(value) for _, value in re.findall(r"(k\w+) (\d+)", document.read_text())]
    if order != sorted(order):
        yield "docs/locks.md shows ranks out of order"
    values = [value for _, value in ranks]
    if len(values) != len(set(values)) or [int(v) for v in values] != sorted(int(v) for v in values):
        yield "src/base/lock_rank.h: ranks are not strictly rising"


def licence():
    for path in tracked("src/*.cpp", "src/*.h", "src/*.c", "src/*.S", "include/*.h", "tests/*.cpp", "tests/*.c", "tests/*.py",
                        "bench/*.cpp", "samples/*.c", "samples/*.h"):
        if not any("SPDX-License-Identifier: MIT" in line for line in path.read_text().splitlines()[:2]):
            yield f"{name(path)} has no licence line"


def main():
    checks = [layering, linux, tests, samples, documents, locks, licence]
    if len(sys.argv) > 1:
        checks = [check for check in checks if check.__name__ in sys.argv[1:]]
    problems = [f"{check.__name__}: {problem}" for check in checks for problem in check()]
    print("\n".join(problems) if problems else "in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
