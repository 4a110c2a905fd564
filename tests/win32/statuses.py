#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every status that the sources name has a Win32 code, and every such code has a text."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "src/rtl/dos_error_ddi.cpp"
# Names that share their value with one of the table, a code that Windows has no Win32 error for, and a success that no
# application sees.
WITHOUT = {"STATUS_WAS_LOCKED", "STATUS_WAIT_0", "STATUS_ABANDONED", "STATUS_FLT_INSTANCE_ALTITUDE_COLLISION", "STATUS_REPARSE_OBJECT"}


def used_statuses():
    used = {}
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in (".cpp", ".h", ".S") or path.name.endswith("_test.cpp") or path == TABLE:
            continue
        for name in re.findall(r"\bSTATUS_[A-Z0-9_]*[A-Z0-9]\b", path.read_text()):
            used.setdefault(name, path.relative_to(ROOT))
    return used


def main():
    known = set(re.findall(r"#define (STATUS_\w+)", (ROOT / "include/shared/ntstatus.h").read_text()))
    errors = {name: int(code, 0) for name, code in
              re.findall(r"#define (\w+) (\d+)L", (ROOT / "include/win32/winerror.h").read_text())}
    errors["WAIT_TIMEOUT"] = 258
    table = {name: int(code, 0) for name, code in re.findall(r"\{(STATUS_\w+), (\w+)\}", TABLE.read_text())}
    texts = {errors[name] for name in re.findall(r"\{(\w+),\s*\"", (ROOT / "src/win32/messages.cpp").read_text())}
    failed = False
    used = used_statuses()
    for name, path in used.items():
        if name not in known or name in WITHOUT:
            continue
        if name not in table:
            print(f"{path}: {name} has no Win32 code")
            failed = True
        # An exception's code stays what it is, and has no text; nor has an error of Windows' memory manager.
        elif table[name] < 0x80000000 and table[name] not in texts and name != "STATUS_UNEXPECTED_IO_ERROR":
            print(f"{path}: {name}, Win32 code {table[name]}, has no text")
            failed = True
    if len(used) < 80:
        print(f"only {len(used)} statuses were found")
        failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
