#!/bin/sh
# growth_canary.sh FUZZER REPLAY — what is left after an input is found, with its line, and its file is found again.
set -eu
fuzzer=$1 replay=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

must_say() {
  file=$1
  shift
  for line; do
    grep "$line" "$file" || {
      echo "the report has no line like $line"
      cat "$file"
      exit 1
    }
  done
}

if "$fuzzer" -runs=100000 -seed=1 -artifact_prefix="$folder/" >"$folder/log" 2>&1; then
  echo "the bytes were not found"
  exit 1
fi
must_say "$folder/log" '^weir: canary_growth: memory grows' 'leaves memory: 1024 bytes' '1000 bytes allocated by' \
  'canary_growth.c:30' '^schedule: w1:' '^DEDUP_TOKEN: growth'
file=$(ls "$folder"/crash-*)
if "$replay" "$file" >"$folder/again" 2>&1; then
  echo "$file is not found again"
  exit 1
fi
must_say "$folder/again" '^DEDUP_TOKEN: growth'

if WEIR_CANARY=object "$replay" "$file" >"$folder/object" 2>&1; then
  echo "the channel was not found"
  exit 1
fi
must_say "$folder/object" 'something is left' 'channel .*canary_growth.c:23'  '^DEDUP_TOKEN: residue'
