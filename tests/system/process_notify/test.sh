#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a driver hears of applications that come and go, be it by themselves, killed or refused.
# Usage: test.sh RING3 DRIVER CLIENT
set -u
ring3=$(realpath "$1") driver=$(realpath "$2") client=$(realpath "$3")
. "${BASH_SOURCE%/*}/../host.sh"
start_host test --driver "$driver"

for number in 0 1; do
  start_client $number "$client" say
  expect_line $number
  ids[number]=$line
done
[[ ${ids[0]} != "${ids[1]}" ]] || fail "two processes with the same ids: ${ids[0]}"
echo end >&"${to_client[0]}"
expect_client 0 5
expect 0 '' "$client" ended ${ids[0]}
kill -KILL "${process[1]}"
expect_client 1 137
# It is run down when nobody has it any more: a moment after it is gone.
is_run_down() { ! "$ring3" list --json | grep -q "\"linux_process\": ${process[1]}\b"; }
await is_run_down || fail "the client that was killed is never run down"
expect 0 '' "$client" ended ${ids[1]}

expect 125 'does not take this program: status 0xc0000022' "$ring3" run --host test -- "$client" refuse-me
expect 125 'does not take this program: status 0xc0000022 STATUS_ACCESS_DENIED: a driver refuses it' "$client" refuse-me
expect 0 '' "$client"
stop_host
exit $failed
