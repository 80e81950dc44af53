#!/bin/sh
# corpus.sh — what is done with corpora and findings, a command each; README.md tells when. --help lists them.
#
# A corpus is fuzz/corpus/TARGET. A file is named by the first 12 digits of its SHA-1, and may go when another one
# covers what it covers; one with any other name was kept by a person, and stays.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../build/fuzz
corpora=$here/corpus
seconds=60
symbolize=1

usage() {
  cat <<END
usage: fuzz/corpus.sh [--build=FOLDER] [--corpora=FOLDER] [--seconds=S] COMMAND
  grow [TARGET…]          fuzzes each target for S seconds, into FOLDER/corpus/TARGET of the build; exit status 1 when
                          something was found
  merge [TARGET…]         takes what grew and covers something new into the corpus
  shrink [TARGET…]        takes out what others cover; what a person has named stays
  finding TARGET FILE     minimises a finding, and explains it: report, sequence chart, DEDUP_TOKEN, the file's name
  keep TARGET FILE NAME   makes it a file of the corpus, so that the test corpus/TARGET replays it for ever
  coverage [TARGET…]      lines and branches of the runtime that the corpora reach, FOLDER/coverage (preset coverage)
build: the preset fuzz by default; corpora: fuzz/corpus; S: 60; targets: all
END
}

die() {
  echo "corpus.sh: $*" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case $1 in
  --build=*) build=${1#*=} ;;
  --corpora=*) corpora=${1#*=} ;;
  --seconds=*) seconds=${1#*=} ;;
  --help)
    usage
    exit 0
    ;;
  -*) die "$1: no such option; see --help" ;;
  *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || {
  usage >&2
  exit 2
}
command=$1
shift
[ -e "$build/fuzz/targets.txt" ] || die "--build=$build: no targets are there; make them: cmake --workflow --preset fuzz"
build=$(cd "$build" && pwd)

fuzzer_of() { # TARGET
  [ "$command" = coverage ] || [ -x "$build/fuzz/$1-fuzzer" ] || die "$1: there is no $build/fuzz/$1-fuzzer; the targets are: $(all_targets)"
  echo "$build/fuzz/$1-fuzzer"
}

all_targets() {
  tr '\n' ' ' <"$build/fuzz/targets.txt"
}

# Leaks are a simulation's own business; a crash gets a token from AddressSanitizer.
run_fuzzer() { # TARGET OPTION…
  fuzzer=$(fuzzer_of "$1")
  shift
  ASAN_OPTIONS=dedup_token_length=3:symbolize=$symbolize:${ASAN_OPTIONS-} "$fuzzer" -timeout=10 -entropic=0 -detect_leaks=0 "$@"
}

# Copies files under the names that their contents give them.
copy_by_content() { # FROM TO
  for file in "$1"/*; do
    [ -f "$file" ] || continue
    cp "$file" "$2/$(sha1sum "$file" | cut -c1-12)"
  done
}

grow() {
  status=0
  for target in "$@"; do
    mkdir -p "$build/corpus/$target" "$build/found/$target" "$corpora/$target"
    dictionary=
    if [ -e "$here/targets/$target.dict" ]; then
      dictionary=-dict=$here/targets/$target.dict
    fi
    echo "$target: $seconds seconds"
    run_fuzzer "$target" $dictionary -max_total_time="$seconds" -print_final_stats=1 \
      -artifact_prefix="$build/found/$target/" "$build/corpus/$target" "$corpora/$target" >"$build/found/$target/log" 2>&1 || {
      status=1
      grep -E '^(weir:|DEDUP_TOKEN:|SUMMARY:|Test unit written)|Test unit written' "$build/found/$target/log" ||
        tail -5 "$build/found/$target/log"
    }
    grep -E '^stat::(number_of_executed|new_units_added)' "$build/found/$target/log" || true
  done
  return $status
}

merge() {
  for target in "$@"; do
    [ -d "$build/corpus/$target" ] || continue
    fresh=$(mktemp -d)
    mkdir "$fresh/all"
    cp "$corpora/$target"/* "$fresh/all" 2>/dev/null || true
    before=$(ls "$fresh/all" | wc -l)
    run_fuzzer "$target" -merge=1 "$fresh/all" "$build/corpus/$target" >"$fresh/log" 2>&1 || {
      tail -5 "$fresh/log"
      exit 1
    }
    mkdir -p "$corpora/$target" "$fresh/new"
    for file in "$fresh"/all/*; do
      [ -e "$corpora/$target/$(basename "$file")" ] || cp "$file" "$fresh/new"
    done
    copy_by_content "$fresh/new" "$corpora/$target"
    echo "$target: $before files, now $(ls "$corpora/$target" | wc -l)"
    rm -rf "$fresh"
  done
}

shrink() {
  for target in "$@"; do
    [ -d "$corpora/$target" ] || continue
    fresh=$(mktemp -d)
    mkdir "$fresh/kept" "$fresh/named"
    before=$(ls "$corpora/$target" | wc -l)
    for file in "$corpora/$target"/*; do
      expr "$(basename "$file")" : '[0-9a-f]\{12\}$' >/dev/null || cp "$file" "$fresh/named"
    done
    run_fuzzer "$target" -merge=1 "$fresh/kept" "$fresh/named" "$corpora/$target" >"$fresh/log" 2>&1 || {
      tail -5 "$fresh/log"
      exit 1
    }
    mkdir "$fresh/result"
    copy_by_content "$fresh/kept" "$fresh/result"
    for file in "$fresh"/named/*; do # by its name, not once more by its content
      [ -f "$file" ] || continue
      rm -f "$fresh/result/$(sha1sum "$file" | cut -c1-12)"
      cp "$file" "$fresh/result"
    done
    for file in "$corpora/$target"/*; do
      [ -e "$fresh/result/$(basename "$file")" ] || rm "$file"
    done
    cp "$fresh"/result/* "$corpora/$target/"
    echo "$target: $before files, now $(ls "$corpora/$target" | wc -l)"
    rm -rf "$fresh"
  done
}

# The value of --OPTION in the replay command that the fuzzer printed.
replay_option() { # LOG OPTION
  sed -n "s/^replay: .*--$2='\{0,1\}\([^' ]*\).*/\1/p" "$1" | tail -1
}

finding() {
  target=$1 file=$2
  folder=$build/found/$target
  mkdir -p "$folder"
  small=$folder/minimised
  cp "$file" "$small"
  if run_fuzzer "$target" "$small" >"$folder/report" 2>&1; then
    die "$file: $target runs through it and finds nothing"
  fi
  if grep -q '^schedule: ' "$folder/report"; then
    symbolize=0 # the finding has a token of its own; stacks cost more than the runs
  fi
  run_fuzzer "$target" -minimize_crash=1 -runs=10000 -max_total_time="$seconds" -exact_artifact_path="$small.smaller" \
    "$file" >"$folder/minimise.log" 2>&1 || true
  if [ -e "$small.smaller" ] && ! run_fuzzer "$target" "$small.smaller" >"$folder/smaller.report" 2>&1 &&
    [ "$(grep -m1 '^DEDUP_TOKEN' "$folder/smaller.report")" = "$(grep -m1 '^DEDUP_TOKEN' "$folder/report")" ]; then
    mv "$small.smaller" "$small"
    mv "$folder/smaller.report" "$folder/report"
  fi
  schedule=$(replay_option "$folder/report" replay)
  if [ -n "$schedule" ]; then
    "$build/fuzz/$target" --mode="$(replay_option "$folder/report" mode)" \
      --workers="$(replay_option "$folder/report" workers)" --replay="$schedule" --trace="$folder/trace.json" || true
    echo "trace: $folder/trace.json"
  else
    cat "$folder/report"
  fi
  echo "minimised: $small ($(stat -c %s "$file") bytes, now $(stat -c %s "$small"))"
}

keep() {
  target=$1 file=$2 name=$3
  ! expr "$name" : '[0-9a-f]\{12\}$' >/dev/null || die "$name: a name of 12 digits may go with the next shrink; use words"
  expr "$name" : '[a-z0-9_-]*$' >/dev/null || die "$name: use a-z, 0-9, _ and -"
  [ ! -e "$corpora/$target/$name" ] || die "$corpora/$target/$name is there already"
  mkdir -p "$corpora/$target"
  cp "$file" "$corpora/$target/$name"
  echo "$corpora/$target/$name: ctest --test-dir $build -R '^corpus/$target\$'"
}

coverage() {
  rm -rf "$build/coverage"
  mkdir -p "$build/coverage"
  objects=
  for target in "$@"; do
    program=$build/fuzz/$target-replay
    [ -x "$program" ] || die "$target: there is no $program"
    LLVM_PROFILE_FILE=$build/coverage/$target.profraw "$program" "$corpora/$target" >"$build/coverage/log" 2>&1 || {
      cat "$build/coverage/log"
      die "$target: fails on its corpus"
    }
    [ -e "$build/coverage/$target.profraw" ] || die "$target: it counts nothing; use the preset coverage"
    objects="$objects ${objects:+-object} $program" # the first is no option
  done
  llvm-profdata merge -o "$build/coverage/all.profdata" "$build"/coverage/*.profraw
  root=$(cd "$here/.." && pwd)
  set -- $objects -instr-profile="$build/coverage/all.profdata"
  llvm-cov show "$@" -format=html -output-dir="$build/coverage/html" "$root/runtime/src" "$root/runtime/http" "$root/reports"
  llvm-cov report "$@" "$root/runtime/src" "$root/runtime/http" "$root/reports" >"$build/coverage/report.txt"
  cat "$build/coverage/report.txt"
  [ -s "$build/coverage/html/index.html" ]
}

check_targets() {
  for target in "$@"; do
    fuzzer_of "$target" >/dev/null
  done
}

case $command in
grow | merge | shrink | coverage)
  [ $# -gt 0 ] || set -- $(all_targets)
  check_targets "$@"
  $command "$@"
  ;;
finding)
  [ $# -eq 2 ] || die "finding TARGET FILE"
  [ -f "$2" ] || die "$2: no such file"
  check_targets "$1"
  finding "$1" "$2"
  ;;
keep)
  [ $# -eq 3 ] || die "keep TARGET FILE NAME"
  [ -f "$2" ] || die "$2: no such file"
  check_targets "$1"
  keep "$1" "$2" "$3"
  ;;
*) die "$command: no such command; see --help" ;;
esac
