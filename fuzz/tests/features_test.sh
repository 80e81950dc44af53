#!/bin/sh
# features_test.sh FUZZER — libFuzzer sees an interleaving: its count of features (ft), less what it is without schedule
# coverage, rises when only the schedule differs, and stays when the schedule only looks different.
set -eu
fuzzer=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

features() { # of the inputs of a folder; 0 when libFuzzer finds none
  "$fuzzer" -runs=0 -seed=1 -max_len=64 "$1" 2>&1 | sed -n 's/.*INITED.* ft: \([0-9]*\) .*/\1/p' | grep . || echo 0
}

mkdir "$folder/quiet" "$folder/same" "$folder/other"
printf '\001\000\000' >"$folder/quiet/1"
printf '\001\000\000\000' >"$folder/quiet/2" # the process's first run covers some code of its own
cp "$folder"/quiet/* "$folder/same"
cp "$folder"/quiet/* "$folder/other"
printf '\001\000\000\000\000\000\000\000' >"$folder/same/zeros" # what is missing is 0
printf '\001\000\000\001\002\000\001\001\000\001\002\001\000\001\001\002\000\001\003\001' >"$folder/other/preempted"
printf '\001\000\000\000\000\000\000\000\000\000\004\003\002\001\001\002\003\004\005\001\002\003' >"$folder/other/more"

of_schedule() { # how many of a folder's features the schedule coverage brings
  echo $(($(features "$folder/$1") - $(WEIR_FUZZ_BLIND=1 features "$folder/$1")))
}

# Where objects lie in memory moves the count by a few: the most of one kind against the least of the other.
most_quiet=0
least_other=1000000
for _ in 1 2 3; do
  quiet=$(of_schedule quiet)
  same=$(of_schedule same)
  other=$(of_schedule other)
  echo "features of schedules: $quiet, with the same schedule $same, with another one $other"
  [ "$quiet" -gt 0 ]
  for count in "$quiet" "$same"; do
    [ "$count" -le "$most_quiet" ] || most_quiet=$count
  done
  [ "$other" -ge "$least_other" ] || least_other=$other
done
[ "$least_other" -gt "$most_quiet" ]
