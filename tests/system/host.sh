# SPDX-License-Identifier: MIT
# For tests with hosts, and with applications in the background. Needs $ring3, a full path.
. "${BASH_SOURCE%/*}/../cli/expect.sh"
unset RING3_HOST host
# One that a failed test has left up goes.
trap '[[ -z ${host-} ]] || kill "$host"; rm -rf "$folder"' EXIT

# start_host NAME [OPTION OF `ring3 host`]...: it is up, and where everything goes from now on. $host is its process, $socket its
# socket; what it says is in $folder/host.err.
start_host() {
  local name=$1 line
  shift
  exec {from_host}< <(exec "$ring3" host --name "$name" --fail-on-leaks "$@" 2>"$folder/host.err")
  host=$!
  read -r -t 60 -u "$from_host" line || {
    fail "no host came up: $(cat "$folder/host.err")"
    exit 1
  }
  [[ $line == "export RING3_HOST=$name "* ]] || fail "the host said: $line"
  socket=$XDG_RUNTIME_DIR/ring3/$name.sock
  export RING3_HOST=$name
}

# expect_host STATUS: it ends with that.
expect_host() {
  local status
  wait "$host"
  status=$?
  unset host
  exec {from_host}<&-
  ((status == $1)) || fail "the host ended with $status, not $1: $(cat "$folder/host.err")"
}

stop_host() {
  expect 0 '' "$ring3" stop
  expect_host 0
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

# expect_line NUMBER: the next line that the client writes, in $line.
expect_line() {
  read -r -t 60 -u "${from_client[$1]}" line || fail "client $1 said nothing: $(cat "$folder/error$1")"
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

# await COMMAND...: until it succeeds, within a minute; for what nobody tells.
await() {
  local end=$((SECONDS + 60))
  while ((SECONDS < end)); do
    "$@" && return 0
    read -r -t 0.01 <> <(:)
  done
  return 1
}
