# SPDX-License-Identifier: MIT
# For tests of several applications: a host of their own, named test, with --fail-on-leaks. Needs $ring3, a full path.
. "${BASH_SOURCE%/*}/../cli/expect.sh"
export XDG_RUNTIME_DIR=$folder/runtime
mkdir "$XDG_RUNTIME_DIR"

# start_host DRIVER...
start_host() {
  local driver options=() line
  for driver in "$@"; do options+=(--driver "$driver"); done
  exec {from_host}< <(exec "$ring3" host --name test --fail-on-leaks "${options[@]}" 2>&1)
  host=$!
  read -r -t 60 -u "$from_host" line || fail "no host came up"
  export RING3_HOST=test
}

# It ends, and has nothing to say.
stop_host() {
  expect 0 '' "$ring3" stop
  wait "$host"
  local status=$?
  ((status == 0)) || fail "the host ended with $status: $(cat <&"$from_host")"
  exec {from_host}<&-
}

# start_client NUMBER COMMAND...: ${process[NUMBER]}, ${to_client[NUMBER]}, ${from_client[NUMBER]}; what it writes to standard error is in the
# file $folder/errorNUMBER.
start_client() {
  local number=$1 to from
  shift
  mkfifo "$folder/to$number" "$folder/from$number"
  "$@" <"$folder/to$number" >"$folder/from$number" 2>"$folder/error$number" &
  process[number]=$!
  exec {to}>"$folder/to$number" {from}<"$folder/from$number"
  rm "$folder/to$number" "$folder/from$number"
  to_client[number]=$to from_client[number]=$from
}

# expect_client NUMBER STATUS: it ends with that.
expect_client() {
  local number=$1 to from status
  wait "${process[number]}"
  status=$?
  to=${to_client[number]} from=${from_client[number]}
  exec {to}>&- {from}<&-
  ((status == $2)) || fail "client $number ended with $status, not $2: $(cat "$folder/error$number")"
}
