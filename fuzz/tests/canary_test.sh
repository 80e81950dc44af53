#!/bin/sh
# canary_test.sh FUZZER — the planted mistake is found in seconds, from nothing; the finding has all that a person and a
# machine need; and its file is found again.
set -eu
fuzzer=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if "$fuzzer" -max_total_time=30 -seed=1 -detect_leaks=0 -artifact_prefix="$folder/" "$folder" >"$folder/log" 2>&1; then
  echo "nothing was found"
  tail -5 "$folder/log"
  exit 1
fi
for line in '^weir: canary: assert' '^schedule: w1:' '^replay: canary ' '^DEDUP_TOKEN: assert'; do
  grep "$line" "$folder/log" || {
    echo "the report has no line like $line"
    exit 1
  }
done
file=$(ls "$folder"/crash-*)
if "$fuzzer" -detect_leaks=0 "$file" >"$folder/again" 2>&1; then
  echo "$file is not found again"
  exit 1
fi
[ "$(grep '^schedule:' "$folder/log")" = "$(grep '^schedule:' "$folder/again")" ]
