#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What `ring3` says, and how it ends, when something is wrong with what it is given.
# Usage: run.sh RING3 CLIENTS_FOLDER
set -u
ring3=$(realpath "$1") clients=$(realpath "$2")
client=$clients/exit_with
. "${BASH_SOURCE%/*}/expect.sh"

expect 0 '^ring3 [0-9]+\.[0-9]+\.[0-9]+' "$ring3" --version
expect 0 'Usage: ring3.*Example:.*Exit status' "$ring3" --help
expect 0 'Usage: ring3 run .*--driver FILE.*--registry FILE' "$ring3" run --help

# The client's own end.
expect 0 '' "$ring3" run -- "$client" 0
expect 42 '' "$ring3" run -- "$client" 42
expect 42 '' "$ring3" run --driver "$clients/service_driver.sys" -- "$client" 42
expect 143 'was ended by signal 15' "$ring3" run -- sh -c 'kill -TERM $$'
# Through other programs: a wrapper and a script.
expect 7 '' "$ring3" run -- env "$client" 7
printf '#!/bin/sh\n"$1" 0 && "$1" 9\n' >"$folder/script"
chmod +x "$folder/script"
expect 9 '' "$ring3" run -- "$folder/script" "$client"

# In one process, the same.
expect 42 '' "$ring3" run --embedded --driver "$clients/service_driver.sys" -- "$client" 42
expect 9 '' "$ring3" run --embedded -- "$folder/script" "$client"
expect 126 'ran without an executive' "$ring3" run --embedded -- true
expect 143 'was ended by signal 15' "$ring3" run --embedded -- sh -c 'kill -TERM $PPID; while :; do :; done'

# Wrong options.
expect 125 'subcommand' "$ring3"
expect 125 'client is required.*--help' "$ring3" run
expect 125 '--nonsense' "$ring3" run --nonsense -- "$client" 0
expect 125 '--driver.*missing' "$ring3" run --driver
expect 125 'does not exist: .*/nowhere' "$ring3" run --system-drive "$folder/nowhere" -- "$client" 0

# Drivers.
expect 125 'does not exist: .*missing\.sys' "$ring3" run --driver "$folder/missing.sys" -- "$client" 0
echo text >"$folder/text.sys"
expect 125 'text\.sys was not loaded: it is no driver.*ring3-cc -o' "$ring3" run --driver "$folder/text.sys" -- "$client" 0
expect 125 'was not loaded: a symbol that it needs is nowhere.*missing_symbol\.sys: undefined symbol: NobodyHasThis' \
  "$ring3" run --driver "$clients/missing_symbol.sys" -- "$client" 0
expect 125 'was not loaded: a symbol that it needs is nowhere.*missing_symbol\.sys: undefined symbol: NobodyHasThis' \
  "$ring3" run --embedded --driver "$clients/missing_symbol.sys" -- "$client" 0
expect 125 'DriverEntry returned 0xc000009a STATUS_INSUFFICIENT_RESOURCES' \
  "$ring3" run --driver "$clients/failing_driver.sys" -- "$client" 0
expect 125 'a driver of this name is loaded' \
  "$ring3" run --driver "$clients/service_driver.sys" --driver "$clients/service_driver.sys" -- "$client" 0

# The registry.
echo nonsense >"$folder/registry"
expect 125 'registry .*/registry: line 1: ' "$ring3" run --registry "$folder/registry" -- "$client" 0

# Clients.
expect 127 'cannot run nosuchprogram: No such file' "$ring3" run -- nosuchprogram
cp "$client" "$folder/here"
expect 127 'is named \./here' env -C "$folder" "$ring3" run -- here
expect 126 'cannot run .*text\.sys: Permission denied' "$ring3" run -- "$folder/text.sys"
expect 126 'ran without an executive.*ring3-cc --app' "$ring3" run -- true
# Without `ring3 run`: what calls nothing of Windows runs, what does is told how.
expect 3 '' "$client" 3
expect 125 'start it with.*ring3 run .*-- PROGRAM' "$client" 3 call

# A host of its own leaves no socket behind, nor are those of hosts that were killed left.
dead_socket "$XDG_RUNTIME_DIR/ring3/run-1.sock"
expect 0 '' "$ring3" run -- "$client" 0
left=("$XDG_RUNTIME_DIR"/ring3/*)
[[ -e ${left[0]} ]] && fail "left behind: ${left[*]}"

exit $failed
