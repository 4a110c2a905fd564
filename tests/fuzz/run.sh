#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fuzzes for some seconds. Inputs that found something new stay in BUILD/corpus/TARGET; one that fails is named in the end.
# Usage: run.sh BUILD TARGET SECONDS [libFuzzer option]...
set -euo pipefail
build=$1 target=$2 seconds=$3
shift 3
corpus=$build/corpus/$target
mkdir -p "$corpus"
"$build/bin/fuzz_${target}_replay" --write "$corpus"
# Leaks are the executive's own report. Its fault handlers come after the sanitizer's.
export ASAN_OPTIONS="detect_leaks=0:handle_segv=1:allow_user_segv_handler=1:detect_stack_use_after_return=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
exec "$build/bin/fuzz_$target" "$corpus" -max_total_time="$seconds" -max_len=4096 -timeout=60 -rss_limit_mb=4096 \
  -detect_leaks=0 -artifact_prefix="$build/corpus/$target-" -print_final_stats=1 "$@"
