#!/bin/sh
# corpus_test.sh SOURCE BUILD — corpus.sh, from a finding in the canary to a file that its replay fails on; growth,
# merging and shrinking of rate's corpus, which lose nothing that a person has named.
set -eu
source=$1 build=$2
folder=$(mktemp -d)
trap 'status=$?; [ $status -eq 0 ] || tail -n 20 "$folder/out"; rm -rf "$folder"; exit $status' EXIT
mkdir "$folder/corpora" "$folder/build"
ln -s "$build/fuzz" "$folder/build/fuzz"
corpus() {
  "$source/fuzz/corpus.sh" --build="$folder/build" --corpora="$folder/corpora" --seconds=20 "$@"
}
expect() { # FILE PATTERN…
  file=$1
  shift
  for pattern in "$@"; do
    grep -q -- "$pattern" "$file" || {
      echo "no line like $pattern:"
      cat "$file"
      exit 1
    }
  done
}
refused() { # PATTERN OPTION…
  pattern=$1
  shift
  status=0
  corpus "$@" >"$folder/out" 2>&1 || status=$?
  [ $status -eq 2 ] || {
    echo "corpus.sh $*: status $status, not 2"
    exit 1
  }
  expect "$folder/out" "$pattern"
}

if corpus grow canary >"$folder/out"; then
  echo "grow is silent about a finding"
  exit 1
fi
expect "$folder/out" '^DEDUP_TOKEN: assert'
found=$(ls "$folder"/build/found/canary/crash-*)
head -c 64 /dev/zero >>"$found" # what is missing is 0: the same finding, longer
corpus finding canary "$found" >"$folder/out"
expect "$folder/out" '^verdict: assert' '^the last steps:' '^ *step  main' '^schedule: w1' '^replay: ' '^DEDUP_TOKEN: assert' \
  '^minimised: '
[ "$(stat -c %s "$folder/build/found/canary/minimised")" -lt "$(stat -c %s "$found")" ]
expect "$folder/build/found/canary/trace.json" '"name":"close"'
corpus keep canary "$folder/build/found/canary/minimised" two_are_the_last >"$folder/out"
expect "$folder/out" 'corpora/canary/two_are_the_last'
if "$build/fuzz/canary-fuzzer" -detect_leaks=0 "$folder/corpora/canary/two_are_the_last" >"$folder/out" 2>&1; then
  echo "what was kept is not found again"
  exit 1
fi

cp -r "$source/fuzz/corpus/rate" "$folder/corpora"
file=$(ls "$folder/corpora/rate" | head -1)
mv "$folder/corpora/rate/$file" "$folder/corpora/rate/named_by_a_person"
mkdir -p "$folder/build/corpus"
cp -r "$folder/corpora/rate" "$folder/build/corpus/rate"
printf '\001\000\000\000\000\000\000\000\000' >"$folder/corpora/rate/0123456789ab" # says nothing that 010000 does not
printf '\001\000\000' >"$folder/corpora/rate/ba9876543210"
corpus merge rate >"$folder/out"
corpus shrink rate >"$folder/out"
expect "$folder/out" '^rate: '
[ -e "$folder/corpora/rate/named_by_a_person" ]
[ ! -e "$folder/corpora/rate/0123456789ab" ]
[ "$(ls "$folder/corpora/rate" | wc -l)" -gt 3 ]

refused 'no such command' wander
refused 'no such option' --wander grow
refused 'there is no' grow teapot
refused 'finds nothing' finding rate "$folder/corpora/rate/named_by_a_person"
refused 'may go with the next shrink' keep rate "$found" 0123456789ab
refused 'is there already' keep canary "$found" two_are_the_last
refused 'no such file' keep rate "$folder/nowhere" name
