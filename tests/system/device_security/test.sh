#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Who an application is, the host asks of Linux: a device for administrators refuses another user's, and only the host's own
# user may control the host. As root only; otherwise the test is skipped.
# Usage: test.sh RING3 FOLDER_OF_CLIENTS
set -u
ring3=$(realpath "$1") clients=$(realpath "$2")
((EUID == 0)) && command -v setpriv >/dev/null || exit 77
. "${BASH_SOURCE%/*}/../host.sh"
other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
"${other[@]}" test -x "$clients/device_security_client" || exit 77

start_host guarded --driver "$clients/device_security.sys"
# Another user's runtime directory would be another one.
export RING3_HOST=$socket
administrators='\\.\Ring3Administrators' everybody='\\.\Ring3Everybody'
access_denied=5

expect 0 '' "$clients/device_security_client" "$administrators"
expect 0 '' "$clients/device_security_client" "$everybody"
# The socket is its owner's alone, until somebody opens it.
expect 125 'no host answers' "${other[@]}" "$clients/device_security_client" "$everybody"
chmod 711 "$folder" "$XDG_RUNTIME_DIR" "$XDG_RUNTIME_DIR/ring3"
expect 125 'no host answers' "${other[@]}" "$clients/device_security_client" "$everybody"
chmod 666 "$socket"
expect $access_denied '' "${other[@]}" "$clients/device_security_client" "$administrators"
expect 0 '' "${other[@]}" "$clients/device_security_client" "$everybody"
# Nor may it stop the host, whatever it may open.
"${other[@]}" "$ring3" stop >/dev/null 2>&1 && fail "another user may stop the host"
chmod 700 "$XDG_RUNTIME_DIR/ring3"
expect 0 'Host guarded' "$ring3" list
stop_host
exit $failed
