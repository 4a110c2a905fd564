#!/bin/sh
# SPDX-License-Identifier: MIT
# test.sh <ring3> [--embedded]: a driver's values are in the next boot's registry, and in the file as plain text; bad text is refused
# with the number of its line.
set -eu
ring3=$1 way=${2:-}
file=registry_store.reg
rm -f "$file"
for count in 1 2 3; do
  "$ring3" run $way --fail-on-leaks --registry "$file" --driver ./registry_store.sys -- ./registry_store_client "$count"
done
grep -q '"Started"=dword:00000003' "$file"
# Without a file nothing is kept.
"$ring3" run $way --driver ./registry_store.sys -- ./registry_store_client 1
printf '[\\Registry\\Machine\\Software\\Test]\n"Good"=dword:00000001\n"Bad"=dword:xyz\n' >"$file.bad"
cp "$file.bad" "$file.before"
if "$ring3" run $way --registry "$file.bad" -- ./registry_store_client 1 2>"$file.error"; then
  echo "a bad registry was taken" >&2
  exit 1
fi
grep -q "$file.bad" "$file.error"
grep -Eq '(line |:)3' "$file.error" || { cat "$file.error" >&2; exit 1; }
cmp "$file.bad" "$file.before"
