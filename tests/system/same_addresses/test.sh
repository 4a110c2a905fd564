#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two applications of one host that have the same layout, at the same time.
# Usage: test.sh RING3 DRIVER CLIENT ROUNDS
set -u
ring3=$(realpath "$1") driver=$(realpath "$2") client=$(realpath "$3") rounds=$4
. "${BASH_SOURCE%/*}/../host.sh"
start_host test --driver "$driver"

# Without randomisation all addresses are the same. Where that is not allowed, those that the client asks for are.
alike=(setarch -R)
"${alike[@]}" true 2>/dev/null || alike=()

for number in 0 1; do
  start_client $number "${alike[@]}" "$client" $number "$rounds"
  expect_line $number
  addresses[number]=$line
done
[[ ${#alike[@]} == 0 || ${addresses[0]} == "${addresses[1]}" ]] || fail "not alike: ${addresses[0]} and ${addresses[1]}"
for number in 0 1; do echo go >&"${to_client[number]}"; done
for number in 0 1; do expect_client $number 0; done
stop_host
exit $failed
