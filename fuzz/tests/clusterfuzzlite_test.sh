#!/bin/bash
# clusterfuzzlite_test.sh SOURCE FOLDER SANITIZER [TARGET...] — build.sh in a stand-in for the environment of the image
# that would run it, then each target that it made: on its corpus, for a few hundred runs, from a moved $OUT.
set -eu
source=$1 folder=$2 sanitizer=$3
shift 3
rm -rf "$folder"
mkdir -p "$folder/src" "$folder/work" "$folder/made"
ln -s "$source" "$folder/src/weir"
case $sanitizer in
address) flags='-fsanitize=address -fsanitize-address-use-after-scope' ;;
undefined) flags='-fsanitize=bool,bounds,enum,null,pointer-overflow,shift,signed-integer-overflow,vla-bound -fno-sanitize-recover=all' ;;
memory) flags='-fsanitize=memory -fsanitize-memory-track-origins' ;;
coverage) flags='-fprofile-instr-generate -fcoverage-mapping' ;;
*)
  echo "$0: $sanitizer: use address, undefined, memory or coverage" >&2
  exit 2
  ;;
esac
common="-O1 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION $flags"
if [ "$sanitizer" != coverage ]; then
  common="$common -fsanitize=fuzzer-no-link"
fi
env CC=clang CXX=clang++ CFLAGS="$common" CXXFLAGS="$common" LIB_FUZZING_ENGINE=-fsanitize=fuzzer SANITIZER="$sanitizer" \
  SRC="$folder/src" WORK="$folder/work" OUT="$folder/made" WEIR_TARGETS="$*" "$source/.clusterfuzzlite/build.sh"
mv "$folder/made" "$folder/out"

tried=0
for target in "$folder"/out/*_fuzzer; do
  name=$(basename "$target")
  mkdir "$folder/$name.corpus" "$folder/$name.found"
  (cd "$folder/$name.corpus" && cmake -E tar xf "$folder/out/${name}_seed_corpus.zip")
  seeds=$(find "$folder/$name.corpus" -type f | wc -l)
  inside=$(find "$source/fuzz/corpus/${name%_fuzzer}" -type f | wc -l)
  options=$(sed -n 's/^\([a-z_]*\) = \(.*\)$/-\1=\2/p' "$folder/out/$name.options")
  [ -n "$options" ] && [ "$seeds" -gt 0 ] && [ "$seeds" = "$inside" ] || {
    echo "$name: $seeds seeds in the zip, $inside in the corpus; options '$options'"
    exit 1
  }
  if [ -e "$folder/out/$name.dict" ]; then
    options="$options -dict=$folder/out/$name.dict"
  fi
  "$target" $options -seed=1 -runs=$((seeds + 200)) -artifact_prefix="$folder/$name." "$folder/$name.found" \
    "$folder/$name.corpus" >"$folder/$name.log" 2>&1 || {
    tail -40 "$folder/$name.log"
    echo "$name: failed"
    exit 1
  }
  grep -E '^(stat::number_of_executed_units|Done) *' "$folder/$name.log" | sed "s/^/$name: /"
  tried=$((tried + 1))
done
if [ $# -gt 0 ] && [ $tried -ne $# ] || [ $tried -eq 0 ]; then
  echo "$tried targets were made"
  exit 1
fi
