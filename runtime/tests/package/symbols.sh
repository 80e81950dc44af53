#!/bin/sh
# symbols.sh PREFIX VERSION — what the shared libraries in PREFIX/lib* export is what the headers in PREFIX/include
# declare, nothing more and nothing less; beside it libweir exports to libweir_http alone what that one uses of it.
#
# The compiler lists what is declared (-aux-info), whether it is marked for export or not. Both ways to be wrong are
# planted afterwards, and must be seen.
set -eu
prefix=$1
version=$2
soversion=${version%.*} # of 0.x.y
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
library=$(find "$prefix" -name libweir.so)
library_http=$(find "$prefix" -name libweir_http.so)

# declared HEADERS... — the functions that these headers, and what they include of ours, declare
declared() {
  for header in "$@"; do
    echo "#include \"$header\""
  done >"$folder/all.c"
  gcc -std=gnu11 -I"$prefix/include" -fsyntax-only -aux-info "$folder/all.info" "$folder/all.c"
  grep -E "(^/\* $prefix/include/weir|^/\* $folder/)" "$folder/all.info" | grep -v ' static ' |
    sed -E 's/.*[ *](weir_[a-z0-9_]+) \(.*/\1/' | sort -u
}

# exported NODE LIBRARY — the names with that version node
exported() {
  nm -D --defined-only --with-symbol-versions "$2" | sed -En "s/.* [A-Za-z] (.*)@@$1\$/\1/p" | sort
}

# same WHAT FILE FILE
same() {
  diff "$2" "$3" >"$folder/difference" && return 0
  echo "$1 (<: declared or used, not exported; >: exported only):" && cat "$folder/difference"
  return 1
}

core_headers=$(find "$prefix/include/weir" -name '*.h' ! -name http.h | sort)
http_header=$prefix/include/weir/http.h
declared $core_headers >"$folder/core"
declared "$http_header" | comm -23 - "$folder/core" >"$folder/http"
[ -s "$folder/core" ] && [ -s "$folder/http" ]
exported "WEIR_$soversion" "$library" >"$folder/core.exported"
exported "WEIR_$soversion" "$library_http" >"$folder/http.exported"
exported "WEIR_PRIVATE_$version" "$library" >"$folder/private.exported"
nm -D --undefined-only --with-symbol-versions "$library_http" | sed -En "s/.* U (.*)@WEIR_PRIVATE_$version\$/\1/p" |
  sort >"$folder/private"

status=0
same libweir "$folder/core" "$folder/core.exported" || status=1
same libweir_http "$folder/http" "$folder/http.exported" || status=1
same "libweir for libweir_http" "$folder/private" "$folder/private.exported" || status=1
for file in "$library" "$library_http"; do
  if nm -D --defined-only --with-symbol-versions "$file" | grep -vE "@@WEIR_(PRIVATE_$version|$soversion)\$|A WEIR_"; then
    echo "$file exports these under no version"
    status=1
  fi
  readelf -d "$file" | grep -q "SONAME.*\.so\.$soversion\]" || {
    echo "$file: its soname does not end in .so.$soversion"
    status=1
  }
done

echo 'int weir_planted(void);' >"$folder/planted.h"
declared $core_headers "$folder/planted.h" >"$folder/planted"
if same planted "$folder/planted" "$folder/core.exported" >"$folder/log"; then
  echo "a function that is declared and not exported goes unseen"
  status=1
fi
declared $core_headers | sed 1d >"$folder/planted"
if same planted "$folder/planted" "$folder/core.exported" >"$folder/log"; then
  echo "a function that is exported and not declared goes unseen"
  status=1
fi
exit $status
