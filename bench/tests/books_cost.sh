#!/bin/sh
# What the books cost: instructions an operation of rows at one worker, with and without them, as cachegrind counts them.
#
#     books_cost.sh SOURCE WEIR-BENCH SCRATCH [PERCENT [ROW N]...]
#
# Builds a weir-bench without books (WEIR_BOOKS=OFF) in SCRATCH. Of two runs of different length only the difference
# counts, so that starting, warming up and ending cancel. Exit status 0 when no row costs more than PERCENT (2) more,
# 1 when one does, 77 without valgrind.
set -eu
source=$1 with=$2 scratch=$3 most=${4:-2}
if [ $# -gt 4 ]; then shift 4; else
  broadcast=mode:prompt/load:ready/subscribers:100/concurrency:1
  set -- spawn/join/batch:1000 20000 yield/pair 20000 channel/ping_pong/capacity:0 20000 \
         channel/spsc/capacity:128 20000 channel/mpmc/producers:4/consumers:4/capacity:128 20000 try/recv_empty 20000 \
         select/ready:2/cases:2 20000 select/ready:1/cases:64 20000 select/block/cases:2 20000 \
         select/thundering/tasks:64 20000 timer/start_stop/pending:0 20000 timer/reset/pending:0 20000 \
         timer/fire/due:100000 100000 context/cancel/children:10000 10000 mutex/contended 20000 \
         "broadcast/policy:none/$broadcast" 20000 "broadcast/policy:deadline/$broadcast" 20000 \
         "broadcast/policy:timer/$broadcast" 20000 "broadcast/policy:after/$broadcast" 20000
fi
command -v valgrind > /dev/null || { echo "valgrind is not installed: nothing was counted"; exit 77; }
mkdir -p "$scratch"
cmake -S "$source" -B "$scratch" -DCMAKE_BUILD_TYPE=Release -DWEIR_BOOKS=OFF -DWEIR_REPORTS=OFF -DWEIR_FUZZ=OFF \
      -DBUILD_TESTING=OFF -DWEIR_CI=OFF > "$scratch/configure.log"
cmake --build "$scratch" --target weir-bench > "$scratch/build.log"

# instructions BENCH ROW N: of a whole process that answers one request. Children of valgrind count apart and less.
instructions() {
  echo "run $2 $3" | valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null "$1" --serve \
    > "$scratch/answer" 2>&1
  if grep -q '"error"' "$scratch/answer" || ! grep -q '"count"' "$scratch/answer"; then
    echo "$2: no answer of $1:" >&2
    cat "$scratch/answer" >&2
    return 1
  fi
  sed -n 's/.*I *refs: *//p' "$scratch/answer" | tr -d ', ' | sort -n | tail -1
}

# an_operation BENCH ROW N: hundredths of an instruction.
an_operation() {
  short=$(instructions "$1" "$2" "$3") && long=$(instructions "$1" "$2" $((3 * $3))) &&
    echo $(((long - short) * 100 / (2 * $3)))
}

too_much=0
printf '%-78s %10s %10s %8s\n' "instructions an operation" without with more
while [ $# -ge 2 ]; do
  row=$1/workers:1
  off=$(an_operation "$scratch/bench/weir-bench" "$row" "$2")
  on=$(an_operation "$with" "$row" "$2")
  awk -v row="$row" -v off="$off" -v on="$on" 'BEGIN {
    printf "%-78s %10.2f %10.2f %+7.2f%%\n", row, off / 100, on / 100, (on / off - 1) * 100 }'
  [ $((on * 100)) -le $((off * (100 + most))) ] || { too_much=1; echo "  more than $most %"; }
  shift 2
done
exit $too_much
