#!/bin/sh
# gate_test.sh WEIR_BENCH WEIR_REPORT: the gate on this machine, however busy it is. Three sessions of the same program: of the
# pairs of them one at least is called clean (each is wrong in one of twenty by design). One in which every run lasts five
# times as long: slower, exit status 3, and no row is called "not changed".
set -eu
bench=$1 report=$2
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

session() {
  name=$1
  shift
  "$bench" --no-peers --workers=1 --processes=8 --benchmark_repetitions=3 --benchmark_min_time=0.005 \
    --benchmark_filter='^(yield/pair|channel/spsc/capacity:128|try/recv_empty)/' --benchmark_out="$name.json" "$@" \
    >/dev/null 2>"$name.err" || { cat "$name.err"; exit 1; }
}

# compared BEFORE AFTER: prints the exit status.
compared() {
  status=0
  "$report" "$2.json" --baseline="$1.json" -o "$1-$2" >"$1-$2.out" 2>&1 || status=$?
  [ "$status" = 0 ] || [ "$status" = 3 ] || { cat "$1-$2.out"; exit 1; }
  echo "$status"
}

session first
session second
session third
clean=0
for pair in "first second" "second third" "first third"; do
  # shellcheck disable=SC2086
  status=$(compared $pair)
  echo "A/A: $pair: $status"
  [ "$status" != 0 ] || clean=$((clean + 1))
done
[ "$clean" -ge 1 ] || { cat ./*/summary.md; exit 1; }

session slow --self-test-slower=400
[ "$(compared first slow)" = 3 ] || { head -20 first-slow/summary.md; exit 1; }
! grep -q '| not changed |' first-slow/summary.md || exit 1
head -12 first-slow/summary.md
