#!/bin/sh
# growth_cases.sh WEIR_GROWTH PROGRAM SEEDS — each case with each seed: the verdicts, and whether all of them are right.
set -eu
growth=$1 program=$2 seeds=$3
wrong=0
printf '%-10s %6s %6s %6s %6s  %s\n' case flat grows unsure failed right
for row in none:0 one:1 ten:1 hundredth:1 plateau:0; do
  name=${row%:*} expected=${row#*:}
  flat=0 grows=0 unsure=0 failed=0 right=0
  for seed in $(seq 1 "$seeds"); do
    status=0
    output=$(WEIR_CASE=$name WEIR_SEED=$seed "$growth" --rounds=1000 --operations=10 "$program" 2>&1) || status=$?
    case $status in
    0) flat=$((flat + 1)) ;;
    1) grows=$((grows + 1)) ;;
    4) unsure=$((unsure + 1)) ;;
    *) failed=$((failed + 1)) ;;
    esac
    # What leaks is named: the line of the timer that is due in an hour.
    if [ "$status" -eq "$expected" ] &&
      { [ "$expected" -eq 0 ] || printf '%s\n' "$output" | grep -q '^grows  *timer .*growth_case.c:[0-9]'; }; then
      right=$((right + 1))
    else
      wrong=$((wrong + 1))
      printf '%s, seed %s: exit status %s\n%s\n' "$name" "$seed" "$status" "$output" >&2
    fi
  done
  printf '%-10s %6d %6d %6d %6d  %d/%d\n' "$name" $flat $grows $unsure $failed $right "$seeds"
done
[ $wrong -eq 0 ]
