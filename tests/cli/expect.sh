# SPDX-License-Identifier: MIT
# For the tests of `ring3`: a folder of the test's own, where the sockets of hosts are too, and expect. Ends with `exit $failed`.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_RUNTIME_DIR=$folder/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
failed=0

fail() {
  printf '%s\n' "$*"
  failed=1
}

# dead_socket PATH: one that nobody listens at.
dead_socket() { python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).bind(sys.argv[1])' "$1"; }

# expect STATUS PATTERN COMMAND...: the exit status, and an extended regular expression that the output matches; an empty
# one: nothing is said.
expect() {
  local status=$1 pattern=$2 actual=0
  shift 2
  "$@" >"$folder/output" 2>&1 || actual=$?
  if [[ -z $pattern && ! -s $folder/output ]]; then printf nothing >"$folder/output" && pattern=^nothing$; fi
  if ((actual != status)) || ! grep -qzE -- "${pattern:-^nothing$}" "$folder/output"; then
    printf '%s\n  ended with %d, not %d, and said:\n' "$*" "$actual" "$status"
    sed 's/^/  | /' "$folder/output"
    printf '  expected: %s\n' "$pattern"
    failed=1
  fi
}
