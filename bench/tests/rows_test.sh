#!/bin/sh
# rows_test.sh WEIR_BENCH CHECK_RESULTS MICRO_ROWS [http]: every row once round with hardly any work, without peers. The
# results must hold exactly the rows that are listed, and the list exactly the names that the goals fix; without libweir_http
# all but http/….
set -eu
bench=$1 check=$2 micro_rows=$3 http=${4-}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
set -- --no-peers --subscribers=1,10 --concurrency=1,3 --load=ready,slow,exit --steady-timeout=1 \
  --benchmark_min_time=0 --benchmark_repetitions=2 --workers=1,2

"$bench" "$@" --benchmark_list_tests >"$directory/names"
grep -v -e '^broadcast/' -e '^steady/' "$directory/names" >"$directory/micro"
{ [ "$http" = http ] && cat "$micro_rows" || grep -v '^http/' "$micro_rows"; } | diff - "$directory/micro"
for name in broadcast/policy:after/mode:classic/load:ready/subscribers:1/concurrency:1/workers:1 \
  broadcast/policy:none/mode:prompt/load:exit/subscribers:10/concurrency:3/workers:1 \
  broadcast/policy:deadline/mode:prompt/load:slow/subscribers:10/concurrency:1/workers:1 \
  broadcast/policy:after/mode:classic/load:exit/subscribers:10/concurrency:3/workers:2 \
  steady/policy:timer/mode:classic/subscribers:10/concurrency:3/timeout_ms:1/workers:1; do
  grep -qxF "$name" "$directory/names" || { echo "$name is not listed"; exit 1; }
done
! grep -E '/cross/workers:1$' "$directory/names" || { echo 'one worker has nobody across'; exit 1; }
! grep -E 'policy:none/.*load:slow|load:slow/subscribers:1/' "$directory/names" || { echo 'these cannot end'; exit 1; }

"$bench" "$@" --benchmark_out="$directory/results.json" >"$directory/console"
"$check" "$directory/results.json" "$directory/names" 2
# The check would find bytes that are not there, and wrong ones.
for fault in 's/"bytes_per_op"/"bytes_an_op"/' 's/"bytes_per_op": 1[0-9][0-9]\./"bytes_per_op": 7./' \
  's/"bytes_peak": [0-9.]*/"bytes_peak": 0/'; do
  sed "$fault" "$directory/results.json" >"$directory/faulty.json"
  ! "$check" "$directory/faulty.json" "$directory/names" 2 >"$directory/found" || { echo "not found: $fault"; exit 1; }
  ! grep -v -e each -e peak -e ' wrong$' "$directory/found"
done
# Names on the console are exact too: a row of aggregates for each listed name.
while read -r name; do
  grep -qF "${name}_median " "$directory/console" || { echo "${name}_median is not on the console"; exit 1; }
done <"$directory/names"

# What two workers run by default, where there are two processors: not every broadcast, and no steady rows.
if [ "$(nproc)" -ge 2 ]; then
  "$bench" --no-peers --benchmark_list_tests >"$directory/default"
  test "$(grep -c '^broadcast/.*/workers:2$' "$directory/default")" = 48
  test "$(grep -c '^steady/.*/workers:2$' "$directory/default")" = 0
  test "$(grep -c '^steady/.*/workers:1$' "$directory/default")" = 8
fi

"$bench" --no-peers --workers=1 --capacity=4 --subscribers=10 --benchmark_filter='^broadcast/.*/capacity:4/workers:1$' \
  --benchmark_min_time=0 --benchmark_repetitions=1 --benchmark_format=json >"$directory/capacity.json"
grep -q '"name": "broadcast/policy:timer/mode:prompt/load:ready/subscribers:10/concurrency:8/capacity:4/workers:1"' \
  "$directory/capacity.json"
