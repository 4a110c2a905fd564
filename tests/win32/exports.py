#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What include/win32 declares is what libring3-win32.so exports.

usage: exports.py CLANG NM LIBRARY
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# In place of libc's own, so that pages which a driver has locked stay, and that stacks are known.
INTERPOSED = {"munmap", "mremap", "madvise", "pthread_create"}


def declared(clang):
    """Functions with default visibility: those that a declaration marks WINBASEAPI and its like."""
    source = "#include <windows.h>\n#include <winioctl.h>\n#include <winsvc.h>\n#include <winternl.h>\n"
    tree = json.loads(subprocess.run(
        [clang, "-x", "c", "-std=gnu17", "-fshort-wchar", "-fms-extensions", "-w", "-DRING3_WIN32_LIBRARY=1",
         f"-I{ROOT}/include/win32", f"-I{ROOT}/include/shared", "-fsyntax-only", "-Xclang", "-ast-dump=json", "-"],
        input=source, capture_output=True, text=True, check=True).stdout)
    names = {node["name"] for node in tree["inner"] if node["kind"] == "FunctionDecl" and
             any(inner["kind"] == "VisibilityAttr" for inner in node.get("inner", []))}
    # libring3-seh.so's.
    return {name for name in names if not name.startswith("Ring3Seh")}


def exported(nm, library):
    lines = subprocess.run([nm, "-D", "--defined-only", "--extern-only", library], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    names = {line.split()[-1].split("@")[0] for line in lines}
    # Templates of the standard library are shared among all that use them.
    return {name for name in names if not name.startswith("_Z")}


def main():
    clang, nm, library = sys.argv[1:]
    headers, symbols = declared(clang), exported(nm, library)
    failed = False
    for name in sorted(headers - symbols):
        print(f"{name} is declared and not exported")
        failed = True
    for name in sorted(symbols - headers - INTERPOSED):
        print(f"{name} is exported and not declared")
        failed = True
    if len(headers) < 150:
        print(f"only {len(headers)} declarations were found")
        failed = True
    print(f"{len(headers)} functions")
    return failed


if __name__ == "__main__":
    sys.exit(main())
