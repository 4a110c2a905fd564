#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Hosts that stay up: `ring3 host`, and the commands that talk to one.
# Usage: host.sh RING3 CLIENTS_FOLDER SAMPLES_FOLDER
set -u
ring3=$(realpath "$1") clients=$(realpath "$2") samples=$(realpath "$3")
client=$clients/exit_with
. "${BASH_SOURCE%/*}/../system/host.sh"

# None is up.
expect 125 'no host at .*/ring3/default\.sock.*ring3 host --name default' "$ring3" list
expect 125 'no host at .*/ring3/nobody\.sock' "$ring3" stop --host nobody
expect 125 'no host at .*/ring3/nobody\.sock' "$ring3" run --host nobody -- "$client" 0
expect 125 'is no name for a host' "$ring3" list --host 'a b'
expect 125 'does not exist' "$ring3" load "$folder/missing.sys"
expect 0 'Usage: ring3 host .*--driver FILE' "$ring3" host --help

# A host that cannot come up says why.
expect 125 'DriverEntry returned 0xc000009a' "$ring3" host --driver "$clients/failing_driver.sys"

echo notes >"$folder/notes.txt"
expect 125 'no socket can be made at .*/notes\.txt: what is there is no socket' "$ring3" host --name "$folder/notes.txt"
[[ $(cat "$folder/notes.txt") == notes ]] || fail "the notes are gone"
expect 125 'no socket can be made at /nowhere/x\.sock: No such file' "$ring3" host --name /nowhere/x.sock
dead_socket "$XDG_RUNTIME_DIR/ring3/one.sock"

start_host one --driver "$clients/service_driver.sys"
unset RING3_HOST
expect 125 'listens there already' "$ring3" host --name one
expect 0 'Host one, process [0-9]+, .*/one\.sock.*service_driver +1 +/.*/service_driver\.sys.*\\Device\\Ring3Test +service_driver +0' \
  "$ring3" list --host one
expect 125 'no host at .*These are up: one' "$ring3" list

# Clients: with `ring3 run`, by themselves, and one after the other.
expect 42 '' "$ring3" run --host one -- "$client" 42 call
expect 43 '' env RING3_HOST=one "$client" 43 call
expect 44 '' env RING3_HOST="$XDG_RUNTIME_DIR/ring3/one.sock" "$client" 44
expect 126 'ran without an executive' "$ring3" run --host one -- true
expect 127 'cannot run nosuchprogram' "$ring3" run --host one -- nosuchprogram
expect 125 '--driver is for a host.*ring3 load --host one' "$ring3" run --host one --driver "$clients/service_driver.sys" -- "$client" 0
expect 125 'go there' "$ring3" run --host one --verbose -- "$client" 0
expect 125 'go there' "$ring3" run --host one --sanitizer address -- "$client" 0
expect 143 'was ended by signal 15' "$ring3" run --host one -- sh -c 'kill -TERM $PPID; while :; do :; done'

# Drivers come and go.
expect 125 'a driver of this name is loaded' "$ring3" load --host one "$clients/service_driver.sys"
expect 125 'DriverEntry returned 0xc0000035' \
  "$ring3" load --host one --service other "$clients/service_driver.sys"
expect 125 'was not loaded: it is no driver.*invalid ELF header' "$ring3" load --host one "$0"
expect 125 'was not loaded: a symbol that it needs is nowhere.*missing_symbol\.sys: undefined symbol: NobodyHasThis' \
  "$ring3" load --host one "$clients/missing_symbol.sys"
expect 125 'no driver of the name nothing is loaded' "$ring3" unload --host one nothing
expect 0 '' "$ring3" load --host one "$clients/staying_driver.sys"
expect 125 'staying_driver cannot be unloaded' "$ring3" unload --host one staying_driver
expect 0 '' "$ring3" unload --host one service_driver
expect 0 '' "$ring3" load --host one --service named "$clients/service_driver.sys"
export RING3_HOST=one
expect 0 'named +1 ' "$ring3" list
expect 125 'not UTF-8: .*"service"' "$ring3" unload $'na\xffme'
expect 0 '' "$ring3" unload named

# Who has what.
expect 0 '' "$ring3" load --service käfer "$samples/map_to_process.sys"
coproc holder { exec "$clients/hold_region"; }
holder_process=$holder_PID
read -r -t 60 -u "${holder[0]}" address || fail "the client that holds memory did not come up"
expect 0 "[0-9]+ +$holder_process +[0-9]+ +[0-9]+ +.*hold_region.*File +0x[0-9a-f]{8} +.Device.MapToProcess.*0x0*$address +256 KiB +read-only +0x[0-9a-f]+ +driver memory +.*map_to_process\.sys" \
  "$ring3" list
expect 0 '"linux_process": '"$holder_process" "$ring3" list --json
"$ring3" list --json | python3 -m json.tool >/dev/null || fail "list --json is no JSON"
# It goes when nobody has it open any more.
expect 0 'käfer goes when the last handle' "$ring3" unload käfer
exec {holder[1]}>&-
wait "$holder_process" || fail "the client ended with $?"
expect 0 'Host one' "$ring3" list
grep -q map_to_process "$folder/output" && fail "the driver stayed: $(cat "$folder/output")"

# Ends.
stop_host
# Of a host that is somebody's own.
start_client 0 "$ring3" run --driver "$samples/map_to_process.sys" -- "$clients/hold_region"
expect_line 0
expect 0 '' "$ring3" stop --host "run-${process[0]}"
expect_client 0 86
grep -q 'somebody stopped the host while .*hold_region ran' "$folder/error0" || fail "run said $(cat "$folder/error0")"
expect 125 'no host at' "$ring3" stop
for signal in INT TERM HUP; do
  start_host two
  kill -"$signal" "$host"
  expect_host 0
done
[[ -e $XDG_RUNTIME_DIR/ring3/two.sock ]] && fail "a socket was left"

# One that is named by a path: the line is good in every folder.
exec {from_host}< <(cd "$folder" && exec "$ring3" host --name ./x.sock 2>"$folder/host.err")
host=$!
read -r -t 60 -u "$from_host" line
[[ $line == "export RING3_HOST=$(realpath "$folder")/x.sock "* ]] || fail "the host said: $line"
kill -TERM "$host"
expect_host 0

# A terminal that closes tells everybody; who has started the host decides.
start_host two
program=$("$ring3" list --json | grep -oE '"process": ?[0-9]+' | grep -oE '[0-9]+')
kill -HUP "$program" "$host"
expect_host 0

# By itself: a signal to stop, and a second one where that takes too long.
"${ring3%/*}/ring3-host" --socket "$folder/alone.sock" --driver "$clients/hanging_driver.sys" 2>"$folder/host.err" &
host=$!
exec {from_host}</dev/null
await test -S "$folder/alone.sock" || fail "the host that is alone did not come up"
await eval '! kill -TERM $host 2>/dev/null' || fail "the host that is alone goes on"
expect_host 143

exit $failed
