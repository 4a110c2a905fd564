#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the layouts and constants of Ring3's headers with those of the mingw-w64 headers.

Every struct and union, every member, every enumerator and every macro of ours that is a constant and that mingw-w64
has too is compared: sizes and offsets from clang's record layouts, values from constants compiled for each side.
Names that only one side has are counted and skipped. The file of exceptions lists, with the reason, where mingw-w64 is wrong or old;
it may use the patterns of fnmatch.
"""
import argparse
import fnmatch
import pathlib
import re
import subprocess
import sys
import tempfile

ANONYMOUS = re.compile(r"\((?:anonymous|unnamed)[^)]*\)$")


class Side:
    def __init__(self, name, command, includes):
        self.name = name
        self.command = command
        self.prologue = "".join(f"#include <{i}>\n" for i in includes)

    def run(self, text, *options, check=True):
        with tempfile.NamedTemporaryFile("w", suffix=".c") as source:
            source.write(text)
            source.flush()
            result = subprocess.run([*self.command, *options, source.name], capture_output=True, text=True, errors="replace")
        if check and result.returncode:
            sys.exit(f"{self.name}: the headers do not compile\n{result.stderr[:4000]}")
        return result

    def records(self):
        """{tag: (size, {member path: offset})}"""
        dump = self.run(self.prologue, "-fsyntax-only", "-Xclang", "-fdump-record-layouts-complete").stdout
        found = {}
        for block in dump.split("*** Dumping AST Record Layout")[1:]:
            lines = [l for l in block.splitlines() if "|" in l]
            head = lines[0].split("|", 1)[1].strip()
            tag = head.split(" ", 1)[-1]
            if " " in tag or ANONYMOUS.search(head):
                continue
            members, stack, size = {}, [], None
            for line in lines[1:]:
                position, _, rest = line.partition("|")
                match = re.search(r"\[sizeof=(\d+)", rest)
                if match:
                    size = int(match.group(1))
                    break
                depth = (len(rest) - len(rest.lstrip()) - 1) // 2
                del stack[depth - 1:]
                text = rest.strip()
                anonymous = bool(ANONYMOUS.search(text))
                stack.append(None if anonymous else re.split(r"[\s*]+", text)[-1])
                if not anonymous:
                    members[".".join(n for n in stack if n)] = position.strip()
            found[tag] = (size, members)
        return found

    def macro_names(self):
        dump = self.run(self.prologue, "-E", "-dM").stdout
        return re.findall(r"^#define (\w+) \S", dump, re.M)

    def enumerator_names(self):
        dump = self.run(self.prologue, "-fsyntax-only", "-Xclang", "-ast-dump", "-fno-color-diagnostics").stdout
        return re.findall(r"EnumConstantDecl .*? (\w+) '(?:int|unsigned int|enum [^']*|[^']*)'", dump)

    def values(self, names):
        """{name: value} of those names that are integer constants here."""
        names = list(names)
        options = ["-ferror-limit=0", "-fno-spell-checking", "-w", "-O0"]
        while True:
            first = self.prologue.count("\n") + 1
            body = "".join(f"unsigned long long ring3_value_{n} = (unsigned long long)({n});\n" for n in names)
            text = self.prologue + body
            result = self.run(text, *options, "-fsyntax-only", check=False)
            bad = {int(m.group(1)) - first for m in re.finditer(r"\.c:(\d+):\d+: error:", result.stderr)}
            bad = {b for b in bad if 0 <= b < len(names)}
            if not result.returncode:
                break
            if not bad:
                sys.exit(f"{self.name}: cannot evaluate constants\n{result.stderr[:4000]}")
            names = [n for i, n in enumerate(names) if i not in bad]
        assembly = self.run(text, *options, "-S", "-o", "-").stdout
        values = {}
        for m in re.finditer(r"^ring3_value_(\w+):\n\s+\.quad\s+(\S+)", assembly, re.M):
            try:
                values[m.group(1)] = int(m.group(2), 0) & (2**64 - 1)
            except ValueError:
                pass  # an address
        return values


def same_value(a, b):
    """Equal, or equal as 32 bits: `long` is 64 bits wide here and 32 there, so constants extend differently."""
    return a == b or ((a ^ b) & 0xFFFFFFFF == 0 and {a >> 32, b >> 32} == {0, 0xFFFFFFFF})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clang", default="clang-19")
    parser.add_argument("--mingw", default="/usr/share/mingw-w64/include")
    parser.add_argument("--include", action="append", default=[], help="include directory of ours")
    parser.add_argument("--header", action="append", default=[], help="header to include on both sides")
    parser.add_argument("--exceptions", required=True)
    parser.add_argument("--define", action="append", default=[], help="defined on both sides")
    parser.add_argument("--minimum-records", type=int, required=True)
    parser.add_argument("--minimum-members", type=int, required=True)
    parser.add_argument("--minimum-constants", type=int, required=True)
    args = parser.parse_args()

    exceptions = set()
    for line in pathlib.Path(args.exceptions).read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            exceptions.add(line)

    defines = [f"-D{d}" for d in args.define]
    ours = Side("ours", [args.clang, "-std=gnu17", "-fshort-wchar", "-fms-extensions", "-w", "-DDBG=0", *defines,
                         *[f"-I{i}" for i in args.include]],
                args.header)
    theirs = Side("mingw-w64", [args.clang, "--target=x86_64-w64-mingw32", "-std=gnu17", "-fms-extensions", "-w",
                                "-nostdinc", "-isystem", resource_directory(args.clang), "-isystem", f"{args.mingw}/ddk",
                                "-isystem", args.mingw, "-D_WIN32_WINNT=0x0A00", "-DNTDDI_VERSION=0x0A00000B", *defines], args.header)

    failures, used = [], set()

    def report(key, text):
        matching = {e for e in exceptions if fnmatch.fnmatchcase(key, e)}
        if matching:
            used.update(matching)
        else:
            failures.append(f"{key}: {text}")

    a, b = ours.records(), theirs.records()
    common = sorted(a.keys() & b.keys())
    members = 0
    for tag in common:
        (size, mine), (their_size, other) = a[tag], b[tag]
        if size != their_size:
            report(tag, f"{size} bytes, mingw-w64 {their_size}")
        for path in mine.keys() & other.keys():
            members += 1
            if mine[path] != other[path]:
                report(f"{tag}.{path}", f"offset {mine[path]}, mingw-w64 {other[path]}")

    names = sorted(n for n in set(ours.macro_names()) | set(ours.enumerator_names())
                   if not n.startswith("__") and not n.startswith("RING3"))
    mine = ours.values(names)
    other = theirs.values(mine)
    for name in sorted(mine.keys() & other.keys()):
        if not same_value(mine[name], other[name]):
            report(name, f"{mine[name]:#x}, mingw-w64 {other[name]:#x}")

    constants = len(mine.keys() & other.keys())
    print(f"{len(common)} records ({len(a)} here), {members} members, {constants} constants ({len(mine)} here) compared, "
          f"{len(used)} known differences")
    for line in failures:
        print(line)
    for count, minimum, what in ((len(common), args.minimum_records, "records"), (members, args.minimum_members, "members"),
                                 (constants, args.minimum_constants, "constants")):
        if count < minimum:
            failures.append(what)
            print(f"only {count} {what} compared, {minimum} expected")
    for key in sorted(exceptions - used):
        print(f"exceptions: {key} is no longer needed")
    return 1 if failures else 0


def resource_directory(clang):
    return subprocess.run([clang, "-print-resource-dir"], capture_output=True, text=True, check=True).stdout.strip() + "/include"


if __name__ == "__main__":
    sys.exit(main())
