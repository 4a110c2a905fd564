#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Joins files that Google Benchmark wrote: the first one's context, the rows of all. A program whose filter let no row through
has written nothing."""
import json
import pathlib
import sys

texts = [pathlib.Path(path).read_text() for path in sys.argv[1:] if pathlib.Path(path).exists()]
reports = [json.loads(text) for text in texts if text.strip()]
joined = reports[0] if reports else {"context": {}, "benchmarks": []}
for report in reports[1:]:
    joined["benchmarks"] += report["benchmarks"]
json.dump(joined, sys.stdout, indent=2)
print()
