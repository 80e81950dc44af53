#!/bin/sh
# instructions.sh — a gate without a clock: how many instructions an operation takes on one worker.
#
#   instructions.sh check  WEIR_BENCH FILE                against the counts in FILE
#   instructions.sh record WEIR_BENCH FILE REASON [ROW…]  puts the counts of these rows into FILE, each with the reason
#                                                         why it is what it is (default: those in FILE, or usual ones)
#
# Each row is run twice under valgrind, with N and with 2 N operations; the difference over N is the count: start-up and
# preparation cancel. weir-bench answers as a peer does (--serve), so nothing is calibrated and nothing depends on time.
# Two counts of one build differ by less than 0.3 %, the random order of select's cases being the most; 1 % is a change.
#
# FILE has a line "toolchain WORDS" for each compiler, flags, allocator and processor, and below it a line
# "NAME COUNT REASON" for each row. A count without a reason is refused.
#
# Exit status: 0 nothing takes more instructions; 3 something does; 4 not comparable: no valgrind, or FILE does not know
# this toolchain; 2 a command line or FILE that means nothing; 1 a row failed.
#
# Rejected: perf's counters (not there in a virtual machine), a count of whole programs (start-up is 18 million of 20),
# a count in each pull request's cache (nobody would have to say why it changed).
set -eu
usual="spawn/join/batch:1000 yield/pair channel/ping_pong/capacity:0 channel/spsc/capacity:128 select/ready:1/cases:8
  try/recv_empty"
operations=20000

complain() {
  status=$1
  shift
  echo "instructions.sh: $*" >&2
  exit "$status"
}

[ $# -ge 3 ] || complain 2 "check WEIR_BENCH FILE, or record WEIR_BENCH FILE REASON [ROW…]"
what=$1 bench=$2 file=$3
shift 3
command -v valgrind >/dev/null || complain 4 "not comparable: there is no valgrind (Debian: valgrind)"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# What the counts depend on, as weir-bench itself has it.
toolchain() {
  "$bench" --no-peers --workers=1 --benchmark_filter='^try/recv_empty/' --benchmark_min_time=0 \
    --benchmark_repetitions=1 --benchmark_out="$folder/context.json" >/dev/null 2>"$folder/errors" || complain 1 "$(cat "$folder/errors")"
  for key in weir_build_flags allocator; do
    sed -n "s/^ *\"$key\": \"\(.*\)\",*\$/\1/p" "$folder/context.json" | tr '\n' ' '
  done
  uname -m
}

# collected ROW N: the instructions of a whole run.
collected() {
  printf 'run %s/workers:1 %s\n' "$1" "$2" |
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" --serve --workers=1 \
      ${WEIR_BENCH_SELF_TEST:+"$WEIR_BENCH_SELF_TEST"} >"$folder/answer" 2>"$folder/errors" ||
    complain 1 "$1: $(tail -1 "$folder/errors")"
  grep -q '"count":' "$folder/answer" || complain 1 "$1: $(head -1 "$folder/answer")"
  # The parent's line comes last; a child of the watchdog has its own.
  sed -n 's/.*Collected : *//p' "$folder/errors" | sort -n | tail -1
}

# count ROW: instructions an operation, with one decimal.
count() {
  less=$(collected "$1" $operations)
  more=$(collected "$1" $((2 * operations)))
  [ "${more:-0}" -gt "${less:-0}" ] || complain 1 "$1: twice the operations, but $more instructions after $less"
  awk "BEGIN { printf \"%.1f\", ($more - $less) / $operations }"
}

# rows: the lines below this toolchain.
rows() {
  awk -v wanted="toolchain $key" '/^toolchain / { here = $0 == wanted; next } here && NF && !/^#/' "$file"
}

check_file() {
  awk '/^#/ || !NF || /^toolchain ./ { next }
       $2 !~ /^[0-9]+(\.[0-9]+)?$/ || $2 == 0 { print FILENAME ":" FNR ": \"" $2 "\" is no count"; exit 1 }
       NF < 3 { print FILENAME ":" FNR ": " $1 ": the count has no reason; say here why it is what it is"; exit 1 }' \
    "$file" >"$folder/fault" || complain 2 "$(cat "$folder/fault")"
}

check() {
  [ -r "$file" ] || complain 2 "$file: cannot be read"
  check_file
  key=$(toolchain)
  rows >"$folder/rows"
  [ -s "$folder/rows" ] ||
    complain 4 "not comparable: $file knows no counts of \"$key\"; record them on a build that is good"
  result=0
  while read -r name old reason; do
    new=$(count "$name" </dev/null)
    verdict=$(awk -v old="$old" -v new="$new" 'BEGIN {
      change = new / old - 1
      word = (change > 0.01) ? "changed: more" : (change < -0.01) ? "changed: fewer, to be recorded" : "not changed"
      printf("%+.1f %% %s", 100 * change, word) }')
    echo "$name: $old -> $new instructions, $verdict"
    case $verdict in *more*) result=3 ;; esac
  done <"$folder/rows"
  exit $result
}

record() {
  [ $# -ge 1 ] && [ -n "$1" ] || complain 2 "record: a count needs a reason"
  reason=$(printf %s "$1" | tr '\n' ' ')
  shift
  [ ! -e "$file" ] || check_file
  [ -e "$file" ] || : >"$file"
  key=$(toolchain)
  rows >"$folder/rows"
  [ $# -gt 0 ] || set -- $(awk '{ print $1 }' "$folder/rows")
  [ $# -gt 0 ] || set -- $usual
  awk -v wanted="toolchain $key" '/^toolchain / { here = $0 == wanted } !here' "$file" >"$folder/new"
  echo "toolchain $key" >>"$folder/new"
  for name; do
    new=$(count "$name" </dev/null)
    # A count that stays keeps its reason.
    awk -v name="$name" -v new="$new" -v reason="$reason" '
      $1 == name && new / $2 - 1 < 0.01 && new / $2 - 1 > -0.01 { print; kept = 1 }
      END { if (!kept) print name, new, reason }' "$folder/rows" >>"$folder/new"
  done
  awk -v names=" $* " 'index(names, " " $1 " ") == 0' "$folder/rows" >>"$folder/new"
  cat "$folder/new" >"$file"
  rows
}

case $what in
check) check ;;
record) record "$@" ;;
*) complain 2 "$what: neither check nor record" ;;
esac
