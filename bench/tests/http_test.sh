#!/bin/sh
# http_test.sh WEIR_BENCH CHECK_RESULTS: the rows http/… and their web server: it is there for the rows and gone after them,
# however they end; where it is missing, does not come up or does not serve the file, that is said.
set -eu
bench=$1 check=$2
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
mkdir "$directory/temporary"
export TMPDIR="$directory/temporary"

# sweep EXPECTED_STATUS ARGUMENT...
sweep() {
  expected=$1
  shift
  set -- "$@" --no-peers --workers=1 --benchmark_filter='^(http|yield)/' --benchmark_min_time=0 --benchmark_repetitions=2
  "$bench" "$@" --benchmark_list_tests >"$directory/names" 2>/dev/null
  status=0
  "$bench" "$@" --benchmark_out="$directory/results.json" >"$directory/console" 2>"$directory/errors" || status=$?
  [ "$status" = "$expected" ] || { echo "exit status $status instead of $expected: $*"; cat "$directory/errors"; exit 1; }
}

# left: the folders of servers that are still there; nothing else is ever made in TMPDIR.
left() {
  ls "$TMPDIR"
}

sweep 0
for row in get/concurrency:64 churn stream/bytes:10485760 tls/concurrency:64 open_loop/rate:8000; do
  grep -qxF "http/$row/workers:1" "$directory/names"
done
"$check" "$directory/results.json" "$directory/names" 2
[ -z "$(left)" ] || { echo "left behind: $(left)"; exit 1; }

# Missing: a note, and the other rows.
WEIR_BENCH_NGINX=/nowhere/nginx sweep 0
! grep -F http/ "$directory/names" || { echo 'there are rows without a server'; exit 1; }
"$check" "$directory/results.json" "$directory/names" 2
grep -qF 'without the rows http/…: missing: WEIR_BENCH_NGINX names /nowhere/nginx' "$directory/errors"
grep -qF '"web_server": "missing: ' "$directory/results.json"

# Without openssl all but those over TLS.
WEIR_BENCH_OPENSSL=/nowhere/openssl sweep 0
! grep -F http/tls/ "$directory/names" || { echo 'there is TLS without a certificate'; exit 1; }
grep -qF http/churn/ "$directory/names"
"$check" "$directory/results.json" "$directory/names" 2
grep -qF 'without the rows http/tls/…: missing: WEIR_BENCH_OPENSSL names /nowhere/openssl' "$directory/errors"
grep -qF '"web_server_tls": "missing: ' "$directory/results.json"

# It does not come up.
cat >"$directory/nginx" <<'END'
#!/bin/sh
[ "$1" = -V ] && echo 'nginx version: nginx/0' && exit 0
echo 'no configuration pleases me' >&2
exit 1
END
chmod +x "$directory/nginx"
WEIR_BENCH_NGINX="$directory/nginx" sweep 1
"$check" "$directory/results.json" "$directory/names" 2 http/ 'Connection refused'
grep -qF 'no configuration pleases me' "$directory/errors"
[ -z "$(left)" ] || { echo "left behind: $(left)"; exit 1; }

# What is served is not the file; and whoever names a server has it used, none is started.
"$bench" --no-peers --peer-timeout=86400 --workers=1 --benchmark_filter='^http/get/concurrency:8/' \
  --benchmark_repetitions=1000000 >/dev/null 2>&1 &
other=$!
until [ -n "$(left)" ] && [ -s "$TMPDIR"/*/nginx.pid ]; do
  kill -0 $other
  sleep 0.02
done
port=$(sed -n 's/.*listen 127.0.0.1:\([0-9]*\) reuseport.*/\1/p' "$TMPDIR"/*/nginx.conf)
server=$(cat "$TMPDIR"/*/nginx.pid)
WEIR_BENCH_HTTP_URL="http://127.0.0.1:$port/nothing" sweep 1
"$check" "$directory/results.json" "$directory/names" 2 http/ 'Bad message'
WEIR_BENCH_HTTP_URL="http://127.0.0.1:$port/1k" sweep 0
[ "$(left | wc -l)" = 1 ]

# A sweep that is killed takes its server with it.
kill -0 "$server"
kill -KILL $other
while kill -0 "$server" 2>/dev/null || [ -n "$(left)" ]; do
  sleep 0.02
done
