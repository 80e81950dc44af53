#!/bin/bash -eu
# Builds every fuzz target into $OUT, each with its seed corpus and options, as ClusterFuzzLite and OSS-Fuzz ask for it:
# by $CC and $CXX with $CFLAGS and $CXXFLAGS, linked with $LIB_FUZZING_ENGINE; $SRC/weir is the checkout.
#
# WEIR_TARGETS="channel select" builds only those. Under the memory sanitizer, which wants every library built with it,
# the targets that use other libraries are left out. Libraries that the image which runs the targets may lack go to
# $OUT/lib, where the targets look first.
source=$SRC/weir
build=$WORK/weir-$SANITIZER
http=ON
reports=ON
if [ "$SANITIZER" = memory ]; then
  http=OFF
  reports=OFF
fi
pkg-config --atleast-version=7.85 libcurl || http=OFF
pkg-config --exists jansson gsl || reports=OFF

cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None -DWEIR_BENCH=OFF -DWEIR_ZOO=OFF -DWEIR_CI=OFF \
  -DWEIR_HTTP=$http -DWEIR_REPORTS=$reports -DWEIR_FUZZING_ENGINE="$LIB_FUZZING_ENGINE" \
  -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_C_FLAGS="$CFLAGS" -DCMAKE_CXX_FLAGS="$CXXFLAGS" \
  -DCMAKE_EXE_LINKER_FLAGS='-Wl,--disable-new-dtags,-rpath,$ORIGIN/lib' >"$WORK/configure.log" || {
  cat "$WORK/configure.log"
  exit 1
}
targets=${WEIR_TARGETS:-$(cat "$build/fuzz/targets.txt")}
ninja -C "$build" $(printf '%s-fuzzer ' $targets)

for target in $targets; do
  name=${target}_fuzzer
  cp "$build/fuzz/$target-fuzzer" "$OUT/$name"
  rm -f "$OUT/${name}_seed_corpus.zip"
  (cd "$source/fuzz/corpus/$target" && cmake -E tar cf "$OUT/${name}_seed_corpus.zip" --format=zip -- *)
  cp "$source/fuzz/libfuzzer/target.options" "$OUT/$name.options"
  if [ -e "$source/fuzz/targets/$target.dict" ]; then
    cp "$source/fuzz/targets/$target.dict" "$OUT/$name.dict"
  fi
  ldd "$OUT/$name" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' |
    { grep -vE '/(libc|libm|libdl|librt|libpthread|libresolv|libgcc_s|libstdc\+\+)\.so' || true; } |
    while read -r library; do
      mkdir -p "$OUT/lib"
      cp -n "$library" "$OUT/lib/"
    done
done
