#!/bin/sh
# refusal_test.sh WEIR_BENCH: a program built with a debug or sanitized library measures nothing and says why.
set -eu
status=0
message=$("$1" --no-peers --benchmark_min_time=0 --benchmark_filter=yield 2>&1) || status=$?
[ "$status" = 2 ] || { echo "exit status $status: $message"; exit 1; }
case $message in
*'-DCMAKE_BUILD_TYPE=Release'*) ;;
*) echo "no way out in: $message"; exit 1 ;;
esac
