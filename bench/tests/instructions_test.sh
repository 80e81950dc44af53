#!/bin/sh
# instructions_test.sh WEIR_BENCH INSTRUCTIONS: the gate without a clock. The same program is not changed; one with a few
# instructions more in each operation, some 5 %, is; another toolchain is not comparable; a count without a reason is
# refused.
set -eu
bench=$1 instructions=$2
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
unset WEIR_BENCH_SELF_TEST
command -v valgrind >/dev/null || { echo 'skipped: no valgrind'; exit 77; }

# ends STATUS TEXT COMMAND...
ends() {
  wanted=$1 text=$2
  shift 2
  status=0
  "$@" >out 2>&1 || status=$?
  [ "$status" = "$wanted" ] || { echo "exit status $status instead of $wanted: $*"; cat out; exit 1; }
  grep -qF -e "$text" out || { echo "'$text' is not in:"; cat out; exit 1; }
}

ends 2 'needs a reason' "$instructions" record "$bench" counts ''
ends 0 'as the test found it' "$instructions" record "$bench" counts 'as the test found it' channel/ping_pong/capacity:0
grep -qE '^channel/ping_pong/capacity:0 [0-9.]+ as the test found it$' counts
ends 0 'not changed' "$instructions" check "$bench" counts
ends 3 'changed: more' env WEIR_BENCH_SELF_TEST=--self-test-work=6 "$instructions" check "$bench" counts
cat out
# Some 36 of 700 were planted.
grep -qE '\+[456]\.[0-9] %' out || { echo 'not what was planted'; exit 1; }
sed 's/^toolchain .*/toolchain cc 1.0/' counts >other
ends 4 'not comparable: other knows no counts of' "$instructions" check "$bench" other
sed 's/ as the test found it//' counts >unreasoned
ends 2 'unreasoned:2: channel/ping_pong/capacity:0: the count has no reason' "$instructions" check "$bench" unreasoned
