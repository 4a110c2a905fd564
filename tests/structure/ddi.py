#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the routines that include/wdk declares with the symbols that the executive exports, and writes docs/ddi.md.

  ddi.py check --clang clang-19 --library libntoskrnl.so --library libring3-seh.so    fails on any difference
  ddi.py write --clang clang-19 --library …                                           writes docs/ddi.md, and
                                                                    takes out of gaps.txt what is exported

Checked: an exported C symbol is declared in include/wdk or begins with Ring3; what is declared is exported or stands in
gaps.txt; nothing in gaps.txt is exported; docs/ddi.md is what `write` would write.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
WDK = ROOT / "include" / "wdk"
TABLE = ROOT / "docs" / "ddi.md"
GAPS = ROOT / "tests" / "structure" / "gaps.txt"
# wdm.h's own content is in ddi/<component>.h; these add to it.
INCLUDERS = ["ntifs.h", "wdmsec.h", "ntstrsafe.h", "ntintsafe.h", "wmilib.h", "evntrace.h"]
# A macro for C; the function of that name is declared beside its definition.
MACROS = {"ExInterlockedFlushSList"}
COMPONENTS = {
    "ke": "Kernel", "mm": "Memory manager", "ex": "Executive support", "ob": "Object manager",
    "se": "Security", "ps": "Processes and threads", "cm": "Registry", "io": "I/O manager", "hal": "Hardware",
    "rtl": "Runtime library", "zw": "System services", "dbg": "Debugging", "other": "Other headers",
}


def walk(node):
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        if node.get("kind") in ("TranslationUnitDecl", "LinkageSpecDecl"):
            stack.extend(reversed(node.get("inner", [])))


def declared(clang):
    """name → header, of every function and variable with default visibility."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "all.c"
        source.write_text("".join(f"#include <{name}>\n" for name in INCLUDERS))
        run = subprocess.run(
            [clang, "-std=gnu17", "-fshort-wchar", "-fms-extensions", "-w", "-DRING3_EXECUTIVE=1", f"-I{WDK}",
             f"-I{ROOT / 'include' / 'shared'}", "-Xclang", "-ast-dump=json", "-fsyntax-only", str(source)],
            capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stderr)
    names, file = {}, ""
    for node in walk(json.loads(run.stdout)):
        # Only where it changes from one location to the next is a file named.
        location = node.get("loc", {})
        location = location.get("expansionLoc", location)
        file = location.get("file", file)
        # A macro's spelling is the last location that named a file.
        last = node.get("loc", {}).get("spellingLoc", {}).get("file")
        if node.get("kind") in ("FunctionDecl", "VarDecl") and any(
                child.get("kind") == "VisibilityAttr" for child in node.get("inner", [])):
            if "body" not in node and not any(c.get("kind") == "CompoundStmt" for c in node.get("inner", [])):
                names.setdefault(node["name"], file)
        file = last or file
    return names


def exported(libraries):
    names = set()
    for library in libraries:
        output = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
        for line in output.splitlines():
            kind, name = line.split()[-2:]
            # What is weak is a template of the C++ library, what begins with _Z is C++; a sanitizer's own are neither ours.
            if kind in "TDBR" and not re.match(r"_Z|__(asan|ubsan|tsan|sanitizer|odr)|_init$|_fini$", name):
                names.add(name)
    return names


def gaps():
    lines = (line.split("#")[0].strip() for line in GAPS.read_text().splitlines())
    return {line for line in lines if line}


def component_and_include(header):
    path = pathlib.PurePath(header)
    if path.parent.name != "ddi":
        return "other", path.name
    match = re.fullmatch(r"([a-z]+?)(_[a-z_]+)?", path.stem)
    component = match[1] if match[1] in COMPONENTS else "other"
    suffix = match[2] or ""
    return component, "ntddk.h" if suffix == "_ntddk" else "ntifs.h" if suffix == "_ntifs" else "wdm.h"


def table(names, implemented):
    by_component = {}
    for name, header in names.items():
        component, include = component_and_include(header)
        by_component.setdefault(component, []).append((name, include))
    counts = sum(1 for name in names if name in implemented)
    lines = ["# What is implemented", "",
             "Written by `tests/structure/ddi.py write` from the declarations in `include/wdk` and the symbols that the",
             "executive exports; a test fails when it is stale. Inline routines and macros are not listed. The behaviour of a",
             "routine is that of its page in the WDK's documentation; what differs stands in the comment above its definition.",
             "", f"{counts} routines and variables.", ""]
    for component, title in COMPONENTS.items():
        rows = sorted(by_component.get(component, []))
        present = [row for row in rows if row[0] in implemented]
        if not rows:
            continue
        lines += [f"## {title}", ""]
        if present:
            lines += ["| Routine | Header |", "|---|---|"]
            lines += [f"| `{name}` | `{include}` |" for name, include in present]
            lines.append("")
        missing = [name for name, _ in rows if name not in implemented]
        if missing:
            lines += ["Declared, not implemented: " + ", ".join(f"`{name}`" for name in missing) + ".", ""]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["check", "write"])
    parser.add_argument("--clang", default="clang-19")
    parser.add_argument("--library", dest="libraries", action="append", required=True)
    arguments = parser.parse_args()
    names, symbols, known = declared(arguments.clang), exported(arguments.libraries), gaps()
    text = table(names, symbols)
    if arguments.action == "write":
        TABLE.write_text(text)
        GAPS.write_text("".join(line for line in GAPS.read_text().splitlines(keepends=True) if line.strip() not in symbols))
        return 0
    problems = []
    problems += [f"{name} is exported and not declared in include/wdk" for name in sorted(symbols - names.keys() - MACROS)
                 if not name.startswith(("Ring3", "ring3_"))]
    problems += [f"{name} is declared ({names[name]}) and not exported: does its .cpp include the header?"
                 for name in sorted(names.keys() - symbols - known)]
    problems += [f"{name} is exported: take it out of gaps.txt" for name in sorted(known & symbols)]
    problems += [f"{name} is not declared: take it out of gaps.txt" for name in sorted(known - names.keys())]
    if not TABLE.exists() or TABLE.read_text() != text:
        problems.append("docs/ddi.md is stale: ./dev ddi")
    print("\n".join(problems) if problems else f"{len(names)} declared, {len(symbols)} exported")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
