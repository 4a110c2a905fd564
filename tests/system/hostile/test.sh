#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A host with hostile applications: a well-behaved one gets its answers in time, and in the end nothing is left of them.
# Usage: test.sh RING3 FOLDER_OF_CLIENTS MILLISECONDS
set -u
ring3=$(realpath "$1") clients=$(realpath "$2") length=$3
. "${BASH_SOURCE%/*}/../../cli/expect.sh"
export XDG_RUNTIME_DIR=$folder/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
unset RING3_HOST

exec {from_host}< <(exec "$ring3" host --name hostile --driver "$clients/hostile.sys" 2>"$folder/host.err")
starter=$!
read -r -t 60 -u "$from_host" line || { fail "no host came up: $(cat "$folder/host.err")"; exit 1; }
socket=$XDG_RUNTIME_DIR/ring3/hostile.sock
export RING3_HOST=$socket
host=$("$ring3" list --host hostile --json | grep -oE '"process": ?[0-9]+' | head -1 | grep -oE '[0-9]+')
[[ -n $host ]] || { fail "no host is listed"; exit 1; }

# What the host has open, its threads, and the applications that it knows.
descriptors() { ls "/proc/$host/fd" | wc -l; }
threads() { ls "/proc/$host/task" | wc -l; }
applications() { "$ring3" list --host hostile --json | grep -c '"linux_process"'; }

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

# Their ends take their time, and nobody tells when.
for ((i = 0; i < 300; ++i)); do
  [[ -d /proc/$host ]] || break
  left_descriptors=$(descriptors) left_threads=$(threads) left=$(applications)
  # The executive's own workers come as they are needed.
  ((left == 0 && left_descriptors <= descriptors_before && left_threads <= threads_before + 4)) && break
  read -r -t 0.1 <> <(:)
done
if [[ ! -d /proc/$host ]]; then
  fail "the host is gone: $(cat "$folder/host.err")"
else
  ((left == 0)) || fail "applications are left: $("$ring3" list --host hostile)"
  ((left_descriptors <= descriptors_before)) ||
    fail "descriptors: $descriptors_before before, $left_descriptors after: $(ls -l "/proc/$host/fd")"
  ((left_threads <= threads_before + 4)) || fail "threads: $threads_before before, $left_threads after"
  steady 200 5000 >/dev/null || fail "the well-behaved client afterwards"
  expect 0 '' "$ring3" stop --host hostile
fi
wait "$starter"
status=$?
((status == 0)) || fail "the host ended with $status: $(cat "$folder/host.err")"
exit $failed
