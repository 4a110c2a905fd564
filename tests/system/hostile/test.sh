#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A host with hostile applications: a well-behaved one gets its answers in time, and in the end nothing is left of them.
# Usage: test.sh RING3 FOLDER_OF_CLIENTS MILLISECONDS
set -u
ring3=$(realpath "$1") clients=$(realpath "$2") length=$3
. "${BASH_SOURCE%/*}/../host.sh"
start_host hostile --driver "$clients/hostile.sys"
server=$("$ring3" list --json | grep -oE '"process": ?[0-9]+' | head -1 | grep -oE '[0-9]+')
[[ -n $server ]] || { fail "no host is listed"; exit 1; }

# What the host has open, its threads, and the applications that it knows.
descriptors() { ls "/proc/$server/fd" | wc -l; }
threads() { ls "/proc/$server/task" | wc -l; }
applications() { "$ring3" list --json | grep -c '"linux_process"'; }

steady() { "$clients/hostile_steady" "$@"; }
steady 200 20000 >/dev/null || fail "the well-behaved client alone"
descriptors_before=$(descriptors) threads_before=$(threads)

# One way after the other, then all at once.
# Longer than an order that is not answered, which the page waits for.
most=15000
for way in scribble garbage flood threads silent nonsense; do
  "$clients/hostile" "$socket" "$way" "$length" >"$folder/$way" &
  hostile=$!
  steady "$length" "$most" >"$folder/steady" || fail "beside $way"
  echo "$way: $(cat "$folder/steady")"
  wait "$hostile"
done
hostiles=()
for way in scribble garbage flood threads silent nonsense stall; do
  "$clients/hostile" "$socket" "$way" $((2 * length)) >"$folder/$way" &
  hostiles+=($!)
done
steady $((2 * length)) "$most" >"$folder/steady" || fail "beside all of them"
echo "all: $(cat "$folder/steady")"
wait "${hostiles[@]}"

# The executive's own workers come as they are needed.
is_as_before() {
  [[ -d /proc/$server ]] || return 0
  left=$(applications) left_descriptors=$(descriptors) left_threads=$(threads)
  ((left == 0 && left_descriptors <= descriptors_before && left_threads <= threads_before + 4))
}
await is_as_before || fail "$left applications are left, $left_descriptors descriptors of $descriptors_before, \
$left_threads threads of $threads_before: $("$ring3" list; ls -l "/proc/$server/fd")"
if [[ -d /proc/$server ]]; then
  steady 200 5000 >/dev/null || fail "the well-behaved client afterwards"
  expect 0 '' "$ring3" stop
fi
expect_host 0
exit $failed
