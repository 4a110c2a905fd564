#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A driver's values are in the next boot's registry, and in the file as plain text; bad text is refused with the number of its line.
# Usage: test.sh RING3 DRIVER CLIENT [--embedded]
set -u
ring3=$(realpath "$1") driver=$(realpath "$2") client=$(realpath "$3")
shift 3
. "${BASH_SOURCE%/*}/../../cli/expect.sh"
run=("$ring3" run "$@" --fail-on-leaks --driver "$driver")

for count in 1 2 3; do
  expect 0 "started $count times" "${run[@]}" --registry "$folder/registry" -- "$client" $count
done
grep -q '"Started"=dword:00000003' "$folder/registry" || fail "the file: $(cat "$folder/registry")"
# Without a file nothing is kept.
expect 0 'started 1 times' "${run[@]}" -- "$client" 1
printf '[\\Registry\\Machine\\Software\\Test]\n"Good"=dword:00000001\n"Bad"=dword:xyz\n' >"$folder/bad"
cp "$folder/bad" "$folder/before"
expect 125 "$folder/bad: line 3: " "${run[@]}" --registry "$folder/bad" -- "$client" 1
cmp "$folder/bad" "$folder/before" || fail "a bad registry was written"
exit $failed
