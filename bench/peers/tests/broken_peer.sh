#!/bin/sh
# A peer with one fault, named by the argument: protocol_check must find each. With no argument it has none.
fault=$1

answer() {
  count=$3
  name=$2
  ns=12
  case $fault in
  count) count=$((count - 1)) ;;
  name) name=other/workers:1 ;;
  time) ns=0 ;;
  esac
  printf '{"name":"%s","ns":%s,"count":%s,"version":"1"}\n' "$name" "$ns" "$count"
}

fail() {
  [ "$fault" = error ] && printf '{"version":"1"}\n' && return
  [ "$fault" = death ] && exit 0
  printf '{"error":"not understood: no/such/benchmark 0 -1 1x 99999999999999999999 5 5"}\n'
}

while read -r verb name n rest; do
  case $verb,$name,$n,$rest in
  list,,,) printf '{"benchmarks":["some/job/workers:1"],"version":"1"}\n' ;;
  run,some/job/workers:1,30,) answer "$verb" "$name" "$n" ;;
  *) fail ;;
  esac
done
[ "$fault" = end ] && exit 3
exit 0
