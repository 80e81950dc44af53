#!/bin/sh
# failures_test.sh WEIR_BENCH CHECK_RESULTS FOLDER: rows that must fail, and do: a wrong work count of Weir's own and of a
# peer's, and peers that break in every way. Each is an error row with its reason, the others stay, and the exit status is 1.
set -eu
bench=$1 check=$2 folder=$3
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# sweep EXPECTED_STATUS ARGUMENT...: runs the two rows that the fake peers hold.
sweep() {
  expected=$1
  shift
  set -- "$@" --no-peers --workers=1 --benchmark_filter='^(yield|try|self_test)/' --benchmark_min_time=0 --benchmark_repetitions=2
  "$bench" "$@" --benchmark_list_tests >"$directory/names"
  status=0
  "$bench" "$@" --benchmark_out="$directory/results.json" >"$directory/console" || status=$?
  [ "$status" = "$expected" ] || { echo "exit status $status instead of $expected: $*"; exit 1; }
}

# broken BEHAVIOUR TEXT
broken() {
  sweep 1 --peer="bad:$folder/fake_peer_$1" --peer="good:$folder/fake_peer_good"
  grep -qxF 'yield/pair/workers:1/peer:bad' "$directory/names"
  "$check" "$directory/results.json" "$directory/names" 2 /peer:bad "$2"
  grep -qF "$2" "$directory/console" || { echo "the console does not say: $2"; exit 1; }
}

sweep 0 --peer="good:$folder/fake_peer_good" --peer="plain:$folder/fake_peer_plain"
"$check" "$directory/results.json" "$directory/names" 2
grep -qxF 'yield/pair/workers:1/peer:plain' "$directory/names"

broken wrong_count 'wrong work count: expected 1000 operations, got 999'
broken says_error 'peer bad says: '
broken garbage "peer bad answered 'Segmentation fault?'"
broken dies 'peer bad was ended by signal 15'
broken leaves 'peer bad ended with exit status 7 when asked: run '

# A peer that hangs is killed, named, and not asked again for that row; its other rows stay, and the others' rows.
sweep 1 --peer-timeout=1 --peer="bad:$folder/fake_peer_hangs" --peer="good:$folder/fake_peer_good" 2>"$directory/errors"
"$check" "$directory/results.json" "$directory/names" 2 yield/pair/workers:1/peer:bad 'peer bad is not asked again'
grep -qF 'peer bad did not answer within 1 s (--peer-timeout) and was killed, when asked: run yield/pair/workers:1' \
  "$directory/errors"
test "$(grep -c 'was killed' "$directory/errors")" = 1 || { echo 'it was asked again'; exit 1; }

# A row of Weir's own that hangs is named and ends the sweep.
status=0
"$bench" --no-peers --self-test-hang --peer-timeout=1 --workers=1 --benchmark_filter='^self_test/hang' \
  2>"$directory/errors" || status=$?
[ "$status" = 1 ] || { echo "a row that hangs: exit status $status"; exit 1; }
grep -qF 'self_test/hang/workers:1 has not ended within 1 s' "$directory/errors"

# What the build did not find stands in the results with the reason.
mkdir "$directory/alone" "$directory/alone/peers"
cp "$bench" "$directory/alone/weir-bench"
printf 'boost.fiber\t\tno such library; the package libnone brings it\ngood\t%s\n' "$folder/fake_peer_good" \
  >"$directory/alone/peers/peers.txt"
"$directory/alone/weir-bench" --workers=1 --benchmark_filter='^yield/' --benchmark_min_time=0 --benchmark_repetitions=1 \
  --benchmark_out="$directory/alone.json" >"$directory/console" 2>"$directory/errors"
grep -qF '"peer:boost.fiber": "missing: no such library; the package libnone brings it"' "$directory/alone.json"
grep -qF 'yield/pair/workers:1/peer:good' "$directory/alone.json"

sweep 1 --self-test-wrong-count
"$check" "$directory/results.json" "$directory/names" 2 self_test/ \
  'self_test/wrong_count: wrong work count: expected 1000 operations, got 999'

"$bench" --no-peers --peer="some:$folder/fake_peer_array" --benchmark_filter=/peer:some --benchmark_list_tests \
  >"$directory/names"
grep -qxF 'broadcast/policy:after/mode:classic/load:ready/subscribers:1000/concurrency:8/workers:1/peer:some' \
  "$directory/names"
! grep -vE '^broadcast/policy:after/mode:classic/load:ready/' "$directory/names" || { echo 'not in the pattern'; exit 1; }
