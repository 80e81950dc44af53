#!/bin/sh
# options_test.sh WEIR_BENCH FOLDER: a command line that means nothing is refused with exit status 2 and a message that names
# the option, the value and what is allowed. Runs with every build of the library.
set -eu
bench=$1 folder=$2

# refused ARGUMENT TEXT...: each text must stand in the message.
refused() {
  argument=$1
  status=0
  message=$("$bench" "$argument" 2>&1) || status=$?
  [ "$status" = 2 ] || { echo "$argument: exit status $status: $message"; exit 1; }
  shift
  for text; do
    case $message in
    *"$text"*) ;;
    *) echo "$argument: '$text' is not in: $message"; exit 1 ;;
    esac
  done
}

refused --subscribers=ten --subscribers=ten 'a number from 1 to'
refused --subscribers=0 --subscribers=0 'a number from 1 to'
refused --subscribers=10, --subscribers= 'a number from 1 to'
refused --concurrency=-1 --concurrency=-1 'a number from 1 to'
refused --capacity=99999999999999999999 --capacity=99999999999999999999 'a number from 0 to'
refused --policy=never --policy=never 'after, timer, deadline, none'
refused --mode=modern --mode=modern 'classic, prompt'
refused --load=heavy --load=heavy 'ready, slow, exit'
refused --workers=0 --workers=0 'a number from 1 to'
refused --workers=1,two --workers=two 'a number from 1 to'
refused --peer-timeout=0 --peer-timeout=0 'a number from 1 to'
refused --serve=1 --serve 'no value'
refused --processes=0 --processes=0 'a number from 1 to'
refused --steady-timeout=0 --steady-timeout=0 'a number from 1 to'
refused --peer=nowhere --peer=nowhere NAME:PROGRAM
refused --peer=a/b:true --peer=a/b:true NAME:PROGRAM
refused --subscribers --subscribers=VALUE
refused --full=yes --full 'no value'
refused --frobnicate --frobnicate --help
refused stray stray --help
refused --benchmark_min_time=0.01s --benchmark_min_time=0.01s 'a plain number'
refused --benchmark_repetitions=none --benchmark_repetitions=none 'a number from 1 to'
refused --benchmark_format=xml --benchmark_format=xml 'console, json or csv'

"$bench" --help | grep -qF -e '--subscribers=N'

[ "$#" -ge 3 ] && [ "$3" = release ] || exit 0
refused --processes=2 --processes=2 'add --benchmark_out=FILE'
refused --benchmark_filter='(' --benchmark_filter= 'regular expression'
refused --benchmark_filter='^nothing$' 'nothing' 'no row has such a name'
refused --benchmark_out=/nowhere/results.json --benchmark_out=/nowhere/results.json 'cannot be written'
refused --benchmark_fliter=x --benchmark_fliter=x 'no such flag'
refused --peer=gone:/nowhere/peer --peer=gone:/nowhere/peer 'cannot start'
refused --peer=odd:"$folder/fake_peer_no_list" 'peer odd' 'good morning' 'no list'
