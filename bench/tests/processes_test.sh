#!/bin/sh
# processes_test.sh WEIR_BENCH CHECK_RESULTS: three processes of two repetitions make six of each row, in one file and in one
# order; a row that fails in them fails the sweep.
set -eu
bench=$1 check=$2
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
filter='--benchmark_filter=^(yield/pair|try/recv_empty)/workers:1$'

"$bench" --no-peers --workers=1 "$filter" --benchmark_list_tests >"$directory/names"
"$bench" --no-peers --workers=1 "$filter" --processes=3 --benchmark_repetitions=2 --benchmark_min_time=0 \
  --benchmark_out="$directory/results.json" >/dev/null
"$check" "$directory/results.json" "$directory/names" 6
for process in 1 2 3; do
  test "$(grep -c "\"process\": $process" "$directory/results.json")" = 4 || { echo "process $process"; exit 1; }
done
# As many sequence numbers as samples, from 0.
grep '"sequence"' "$directory/results.json" | tr -dc '0-9\n' | sort -n | tr '\n' ' ' >"$directory/order"
test "$(cat "$directory/order")" = "0 1 2 3 4 5 6 7 8 9 10 11 " || { cat "$directory/order"; exit 1; }
grep -qF '"processes": "3"' "$directory/results.json"
grep -q '"command": ".*--processes=3' "$directory/results.json"
test "$(ls "$directory" | tr '\n' ' ')" = "names order results.json " || { ls "$directory"; exit 1; }

status=0
"$bench" --no-peers --workers=1 --self-test-wrong-count --benchmark_filter=^self_test/ --processes=2 \
  --benchmark_repetitions=1 --benchmark_min_time=0 --benchmark_out="$directory/failed.json" >/dev/null 2>&1 || status=$?
[ "$status" = 1 ] || { echo "a row that fails: exit status $status"; exit 1; }
test "$(grep -c '"error_occurred": true' "$directory/failed.json")" = 2
