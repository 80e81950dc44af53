#!/bin/sh
# program.sh — runs the whole of weir-report on synthetic results and judges what it leaves behind.
#
#   program.sh CASE weir-report make_results check_page make_inputs
#
# A case is a function below. Exit status 0 only if everything it demands is so.
set -eu
case_name=$1 report=$2 make_results=$3 check_page=$4 make_inputs=$5
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() {
  echo "program.sh $case_name: $*" >&2
  exit 1
}

# holds FILE TEXT: the text stands in the file.   lacks FILE TEXT: it does not.
holds() { grep -qF -e "$2" "$1" || fail "$1 lacks: $2"; }
lacks() { if grep -qiF -e "$2" "$1"; then fail "$1 holds: $2"; fi; }

# ends STATUS command…: standard output and error go to files out and err.
ends() {
  wanted=$1
  shift
  status=0
  "$@" >out 2>err || status=$?
  test "$status" -eq "$wanted" || fail "exit status $status instead of $wanted: $* ($(cat err))"
}

# check_site DIR: every page is right, links to nothing that is not there, and says where it is; DIR/all is all of them.
check_site() {
  rm -f "$1/all"
  for one in "$1"/*.html; do
    "$check_page" "$one"
    test "$(grep -c 'aria-current="page"' "$one")" -eq 1 || fail "$one does not say where it is"
    for link in $(grep -o 'href="[^"#]*"' "$one" | cut -d'"' -f2); do
      test -f "$1/$link" || fail "$one links to $link, which is not there"
    done
  done
  cat "$1"/*.html >"$1/all"
}

full() {
  "$make_results" full >full.json
  ends 0 "$report" full.json -o site/deep
  holds out "1052 rows, 10 of which failed"
  check_site site/deep
  page=site/deep/all
  holds $page "<code>after</code> in classic mode leaves a timer behind"
  holds $page "✓ within 20"
  holds $page "never reached steady state (0 of 7 repetitions did)"
  holds $page "✕ failed: peer went away"
  holds $page "count 99999 instead of 100000: a message was lost"
  holds $page "missing: no such program"
  holds $page "7 repetitions a row"
  holds $page "taken interleaved"
  holds $page "≤ 0.6 × Boost.Fiber"
  holds $page "not in this run"
  # Each number of workers has maps, panels and lines of its own.
  for workers in "1 worker" "2 workers"; do
    holds $page "<h3>Load ready, $workers</h3>"
    holds $page "<h3>Load ready, $workers, concurrency 1</h3>"
    holds $page "policy after, classic mode, load ready, $workers</title>"
    holds $page "Nanoseconds a message over subscribers: policy none, prompt mode, load ready, $workers"
  done
  holds $page "spsc/<wbr>capacity:128/<wbr>workers:2</code>"
  holds site/deep/summary.md '| 2 | ready | after | classic | Go 1.19 | 6 |'
  holds site/deep/summary.md '`wake/latency/workers:2` p99.9 | 65,000 | Go 1.19 | 250 | 0.0038× (0.0038–0.0038×) | ≤ Go | not met |'
  holds site/deep/summary.md '`wake/latency/workers:2` p50 | 31.0 | Go 1.19 | 110 | 3.5× (3.5–3.5×) | ≤ Go | met |'
  bytes=$(printf '\302\240B') # a space that does not break
  holds site/deep/summary.md "bytes a task | 4,501$bytes |  |  | – | ≤ 4,608 bytes | met |"
  holds site/deep/summary.md "bytes a task | 4,701$bytes |  |  | – | ≤ 4,608 bytes | not met |"
  holds site/deep/summary.md '| ≥ 0.9 × two processes | met |'
  holds $page 'wake/<wbr>latency/<wbr>workers:2</code><span class="range">p99.9</span></th>'
  holds $page "<h3>How soon a sleeper runs again</h3>"
  holds $page '<th scope="row">Go 1.19</th><td class="number">110<span class="range">110–110</span></td><td class="number">190'
  holds $page '<th scope="col" class="number">Stolen</th>'
  holds $page '<th scope="col" class="number">Allocated an operation</th>'
  space=${bytes%B}
  holds $page "<td class=\"number\">119$bytes</td><td class=\"number\">5${space}KiB</td><td class=\"number\">12${space}MiB</td>"
  holds $page "prefers-color-scheme: dark"
  # Both failed maps say so instead of showing a 0: once in Weir's map, once in the ratios, for each of three loads.
  test "$(grep -c '<text>✕ failed</text>' $page)" -eq 8 || fail "not eight failed marks in the pictures"
  lacks $page "<text>0</text>"
  holds site/deep/summary.md "| after | classic | Weir |"
  holds site/deep/summary.md "within 20 %"
  holds site/deep/summary.md "never reached steady state"
  # The raw data of the site are the file.
  cmp site/deep/data/results.json full.json
  # The same input gives the same page, byte for byte.
  ends 0 "$report" full.json -o again
  rm site/deep/all
  diff -r site/deep again
  test -z "$(find again -name '*.new')" || fail "an unfinished file was left"
}

verify() {
  "$make_results" small >small.json
  cp small.json "another run.json"
  "$make_inputs" growth >growth.json
  "$make_inputs" hostile >hostile.json
  "$make_inputs" zoo >zoo.json
  ends 0 "$report" small.json "another run.json" --growth=growth.json --hostile=hostile.json --fuzz=zoo.json -o site
  ends 0 "$report" verify site
  holds out "site: every page and the summary are what the raw data give"
  lacks site/data/site.json "$folder"
  # A number in a page, in the summary, in the data; a line more; a page less.
  cp -r site changed
  sed -i 's/391\(.*\)KiB alive after 4,000 messages/392\1KiB alive after 4,000 messages/' changed/memory.html
  ! cmp -s site/memory.html changed/memory.html || fail "no such number"
  ends 3 "$report" verify changed
  grep -q '^memory.html:[0-9]*: it says: .*392' out || fail "$(cat out)"
  grep -q '^memory.html:[0-9]*: the data give: .*391' out || fail "$(cat out)"
  test "$(wc -l <out)" -eq 2 || fail "one number more differs: $(cat out)"
  cp site/memory.html changed
  sed -i '0,/"real_time": \([0-9]\)/s//"real_time": 9\1/' changed/data/results.json
  ends 3 "$report" verify changed
  grep -q '^[a-z]*.html:[0-9]*: it says' out || fail "$(cat out)"
  cp site/data/results.json changed/data
  echo >>changed/summary.md
  rm changed/memory.html
  ends 3 "$report" verify changed
  holds out "memory.html: is missing"
  grep -q '^summary.md' out || fail "$(cat out)"
  # With a baseline, its objection included.
  sed 's/"mhz_per_cpu": [0-9]*/"mhz_per_cpu": 7/; s/"host_name": "[^"]*"/"host_name": "another"/' small.json >old.json
  status=0
  "$report" small.json --baseline=old.json --force -o compared >out 2>err || status=$?
  test $status -ne 2 || fail "$(cat err)"
  ends 0 "$report" verify compared
  # What is no site.
  for wrong in '"schema": "weir-site-1"/"schema": "weir-site-9"' '"version": "/"version": "9' 'data.growth.json/..\/growth.json' \
    '"forced": false/"forced": 0' 'data.zoo.json/data\/growth.json'; do
    cp site/data/site.json changed/data/site.json
    sed -i "s/$wrong/" changed/data/site.json
    ! cmp -s site/data/site.json changed/data/site.json || fail "$wrong changes nothing"
    ends 2 "$report" verify changed
    holds err "changed/data/site.json:"
  done
  head -c 100 site/data/site.json >changed/data/site.json
  ends 2 "$report" verify changed
  cp site/data/site.json changed/data
  head -c 150 site/data/zoo.json >changed/data/zoo.json
  ends 2 "$report" verify changed
  holds err "changed/data/zoo.json:"
  ends 2 "$report" verify absent
  ends 2 "$report" verify
  ends 2 "$report" verify site changed
  test -z "$(ls -d "${TMPDIR:-/tmp}"/weir-report-?????? 2>/dev/null)" || fail "a folder is left"
}

hostile() {
  "$make_results" hostile >hostile.json
  ends 0 "$report" hostile.json -o site
  check_site site
  for file in site/all site/summary.md; do
    lacks $file "<script"
    lacks $file "<img"
  done
  lacks site/summary.md "@everyone"
  lacks site/summary.md "](javascript"
  holds site/all "&lt;script&gt;alert(5)&lt;/<wbr>script&gt;"
  test "$(find . -name hostile | wc -l)" -eq 0 || fail "gnuplot obeyed a name"
}

growth() {
  "$make_results" small >small.json
  "$make_inputs" growth >growth.json
  ends 0 "$report" small.json --growth=growth.json -o site
  check_site site
  page=site/all
  bytes=$(printf '\302\240')
  # By hand: 4,000 messages of 100 bytes are 390.6 KiB, of 200 bytes 781.3 KiB; the plateaus show no slope.
  holds $page "<a href=\"memory.html\">Memory</a>"
  holds $page "<li>Weir: 391${bytes}KiB alive after 4,000 messages, in 4,000 timers that nobody waits for; over the second half 100 bytes"
  holds $page "<li>Go 1.19: 781${bytes}KiB alive"
  holds $page "none ends with more than 1${bytes}KiB alive"
  holds $page "Alive over messages, timeout 60${bytes}s: the leak, and its cures"
  test "$(grep -c '<title id="picture-[0-9]*-title">Bytes alive over messages: policy' $page)" -eq 8 || fail "not eight panels"
  holds $page '<td class="bad" colspan="6">✕ the peer went away</td>'
  holds $page "Of 3 scenarios 1 are flat, 1 grow, and of 1 nobody can tell."
  holds $page '<code>bench/<wbr>broadcast.c</code>:61</td><td class="bad">✕ grows</td><td class="number">100</td>'
  lacks $page "somewhere"
  holds site/summary.md '| `growth/policy:after/mode:classic` | **grows** | 100 | the test says so |'
  # Verdicts alone, as weir-growth writes them.
  printf '{"schema": "weir-growth-1", "verdicts": [{"name": "a", "verdict": "flat", "reason": "r", "rounds": 1,
    "operations": 1, "seconds": 1, "settled": false, "bytes_per_operation": 0, "low": -1, "high": 1, "lines": []}]}' >only.json
  ends 0 "$report" small.json --growth=only.json -o only
  check_site only
  holds only/all '<td class="number">0<span class="range">−1 to 1</span>'
  # Curves of one point, of nothing, below nothing and beyond all measure are drawn, too.
  for bytes_alive in 0 -5000 1e18 -1e18; do
    printf '{"schema": "weir-growth-1", "verdicts": [], "curves": [{"system": "weir", "version": "1", "policy": "timer",
      "mode": "prompt", "timeout_ns": 5, "subscribers": 1, "concurrency": 1, "points": [{"messages": 0, "seconds": 0,
      "live_bytes": %s, "before_collection": null, "pending": 0, "abandoned": 0}]}]}' $bytes_alive >point.json
    ends 0 "$report" small.json --growth=point.json -o point
    test ! -s err || fail "$bytes_alive: $(cat err)"
    check_site point
    holds point/all "The growth data hold no verdict."
  done
  # Hostile text is text.
  "$make_inputs" growth-hostile >hostile.json
  ends 0 "$report" small.json --growth=hostile.json -o hostile-site
  check_site hostile-site
  for file in hostile-site/all hostile-site/summary.md; do
    lacks $file "<script"
  done
  lacks hostile-site/summary.md "@everyone"
  test "$(find . -name hostile | wc -l)" -eq 0 || fail "gnuplot obeyed a name"
  # A wrong file writes nothing.
  head -c 3000 growth.json >cut.json
  sed 's/"messages": 2000,/"messages": 1000,/' growth.json >falling.json
  for file in cut absent small; do
    ends 2 "$report" small.json --growth=$file.json -o none
    holds err "$file.json:"
    test ! -e none || fail "$file.json: something was written"
  done
  ends 2 "$report" small.json --growth=falling.json -o none
  grep -qE 'falling.json:[0-9]+: curves.0..points.2..messages: is no more' err || fail "$(cat err)"
}

tables() {
  "$make_results" small >small.json
  "$make_inputs" hostile >hostile.json
  "$make_inputs" zoo >zoo.json
  ends 0 "$report" small.json --hostile=hostile.json --fuzz=zoo.json -o site
  check_site site
  page=site/all
  bytes=$(printf '\302\240')
  holds $page "<strong>2 were met as expected, 1 were not.</strong> libcurl 7.88.1, 2 workers."
  holds $page "held for one of them is 5${bytes}MiB (<code>kind</code>, while the server sent 100${bytes}B). Descriptors left open: 2."
  holds $page '<th scope="row">reading the body</th><td class="number">2</td>'
  holds $page '<td class="bad">✕ another error</td>'
  # What failed stands first.
  test "$(grep -n 'what chunk-size does' $page | cut -d: -f1)" -lt "$(grep -n 'what body-short does' $page | cut -d: -f1)" || fail "the failed server is not the first"
  holds site/summary.md "2 of 3 were met as expected."
  # By hand: the second of four, censored trials last.
  holds $page '<td class="number">20<span class="range">10–1,234</span></td><td class="number"><strong>2</strong>'
  holds $page '<td class="number bad">✕ not found<span class="range">0 of 1 trials</span>'
  holds $page '<td class="number unclear">~ too few<span class="range">1 of 4 trials</span>'
  holds $page '<strong>9</strong><span class="range">8–9</span><span class="range">2 of 4 trials</span>'
  holds $page '<th scope="row">PCT</th><td class="number">1</td><td class="number">1</td><td class="number">0</td><td class="number">2</td>'
  "$make_inputs" hostile-hostile >hostile.json
  "$make_inputs" zoo-hostile >zoo.json
  ends 0 "$report" small.json --hostile=hostile.json --fuzz=zoo.json -o hostile-site
  check_site hostile-site
  lacks hostile-site/all "<script"
  head -c 150 zoo.json >cut-zoo.json
  head -c 300 hostile.json >cut-hostile.json
  for wrong in --fuzz=cut-zoo.json --hostile=cut-hostile.json --fuzz=hostile.json --hostile=zoo.json --fuzz=absent.json; do
    ends 2 "$report" small.json $wrong -o none
    holds err "${wrong#*=}:"
    test ! -e none || fail "$wrong: something was written"
  done
}

pages() {
  "$make_results" small >small.json
  for kind in growth zoo hostile; do "$make_inputs" $kind >$kind.json; done
  cp small.json 'a "quoted" <name>.json'
  ends 0 "$report" small.json 'a "quoted" <name>.json' --growth=growth.json --fuzz=zoo.json --hostile=hostile.json -o site
  check_site site
  test "$(ls site/*.html | wc -l)" -eq 7 || fail "not seven pages: $(ls site)"
  for one in site/*.html; do
    for other in site/*.html; do
      grep -qF "<li><a href=\"${other#site/}\"" "$one" || fail "$one does not lead to $other"
    done
  done
  lacks site/index.html "Not in this report"
  holds site/index.html "Of 2 mistakes of real programs 2 are found by some of 3 strategies."
  holds site/index.html "Of 3 hostile servers 2 were met as expected, 1 were not."
  holds site/data.html '<code>a &quot;quoted&quot; &lt;name&gt;.json</code>'
  cmp site/data/results-2.json small.json
  for kind in growth zoo hostile; do cmp site/data/$kind.json $kind.json; done
  # Without the data no page, no link, and the overview says so; an older page of ours goes, another's stays.
  echo "<p>mine</p>" >site/http.html
  echo "{}" >site/data/mine.json
  ends 0 "$report" small.json -o site
  test ! -e site/memory.html && test ! -e site/fuzzing.html || fail "a page of older data was left"
  test "$(ls site/data | tr '\n' ' ')" = "mine.json results.json site.json " || fail "older data were left: $(ls site/data)"
  holds site/http.html mine
  lacks site/index.html 'href="http.html"'
  holds site/index.html "<dt>Memory</dt><dd>no growth data: weir-curves"
  holds site/index.html "<dt>Fuzzing</dt>"
  holds site/index.html "<dt>HTTP</dt>"
}

few() {
  "$make_results" small >small.json
  "$make_results" alone >alone.json
  ends 0 "$report" small.json -o small
  check_site small
  # By hand: medians 12, 64, 18; Go 64 / 12 = 5.3.
  holds small/all '12.0<span class="range">10.0–14.0</span>'
  holds small/all "5.3×"
  holds small/all "~ cannot tell"
  holds small/all "holds the median with 94"
  holds small/all "hold no rows of the family <code>steady</code>"
  holds small/all "5 of 5</td>"
  ends 0 "$report" --output=alone alone.json
  check_site alone
  holds alone/all "no peer took part"
  ends 0 "$report" small.json alone.json -o both
  check_site both
  holds both/all "<th scope=\"col\">alone.json</th>"
}

all_failed() {
  "$make_results" failed >failed.json
  ends 0 "$report" failed.json -o site
  check_site site
  holds site/all "No row has a single good repetition."
  holds site/all "✕ failed: nothing works today"
  lacks site/all ">0.00"
  lacks site/all '<p class="legend"'
  holds site/summary.md "**0 met, 0 not met, 0 cannot tell**"
}

bad_input() {
  "$make_results" small >small.json
  head -c 2000 small.json >truncated.json
  sed 's/"real_time": 12,/"real_time": NaN,/' small.json >nan.json
  sed '0,/"time_unit": "ns",/s///' small.json >unitless.json
  sed 's/"weir_schema": "1",//' small.json >foreign.json
  printf '\377\376' >binary.json
  for file in truncated nan unitless foreign binary absent; do
    ends 2 "$report" small.json $file.json -o site
    holds err "$file.json:"
    test ! -e site || fail "$file.json: something was written"
  done
  ends 2 "$report" truncated.json -o site && grep -qE 'truncated.json:[0-9]+:[0-9]+: ' err || fail "no line: $(cat err)"
  ends 2 "$report" nan.json -o site && grep -qE 'nan.json:[0-9]+:[0-9]+: .*NaN' err || fail "no line: $(cat err)"
  ends 2 "$report" unitless.json -o site
  grep -qE 'unitless.json:[0-9]+: benchmarks.0..time_unit .channel/spsc/capacity:128/workers:1.' err || fail "$(cat err)"
  # A page that stood there stays as it was.
  ends 0 "$report" small.json -o site
  cp site/index.html before.html
  ends 2 "$report" nan.json -o site
  cmp site/index.html before.html
}

baseline() {
  for kind in session again slower; do "$make_results" $kind >$kind.json; done
  ends 0 "$report" again.json --baseline=session.json -o same
  holds out "0 rows slower than in the baseline, 0 faster, 4 not changed, 0 cannot tell"
  check_site same
  ends 0 "$report" again.json --baseline=session.json --strict -o same
  # One row slower: found, named, on top of a summary that is a comment.
  ends 3 "$report" slower.json --baseline=session.json -o site
  check_site site
  head -1 site/summary.md | grep -qF "1 slower, 0 faster, 3 not changed" || fail "$(head -1 site/summary.md)"
  grep -qE '^\| `yield/pair/workers:1` \| .* \| \+(2[5-9]|3[0-5]).*\*\*changed: slower' site/summary.md || fail "no row"
  holds site/all '<td class="bad">✗ changed: slower</td>'
  holds site/all "8 processes against 8 of the baseline; the peers’ rows"
  # Faster is no failure.
  ends 0 "$report" session.json --baseline=slower.json -o faster
  holds faster/summary.md "**changed: faster**"
  # One process cannot tell, and says why.
  "$make_results" small >small.json
  ends 0 "$report" small.json --baseline=small.json -o one
  holds one/summary.md "fewer than 3 processes in the baseline"
  ends 4 "$report" small.json --baseline=small.json --strict -o one
  # Unlike things.
  sed 's/"cpu_model": "[^"]*"/"cpu_model": "<b>Other\\u001b"/' session.json >other.json
  ends 2 "$report" again.json --baseline=other.json -o unlike
  holds err "unlike things are not compared: cpu_model is “<b>Other?” in other.json and “"
  test ! -e unlike || fail "something was written"
  ends 0 "$report" again.json --baseline=other.json --force -o forced
  check_site forced
  holds forced/all "Unlike things, compared by force:"
  holds forced/summary.md "**Unlike things, compared by force:** cpu&#95;model is"
  lacks forced/all "<b>"
  sed 's/"weir_build": "release"/"weir_build": "debug"/' session.json >debug.json
  ends 2 "$report" debug.json --baseline=debug.json -o unlike
  holds err "weir_build is “debug” in debug.json: no release"
  head -c 900 session.json >cut.json
  ends 2 "$report" session.json --baseline=cut.json -o unlike
  holds err "cut.json:"
  ends 2 "$report" session.json --strict -o unlike
  holds err "add --baseline=FILE"
}

usage() {
  "$make_results" small >small.json
  ends 2 "$report"
  holds err "no result file"
  ends 2 "$report" small.json
  holds err "-o DIR"
  ends 2 "$report" --no-such-option
  ends 0 "$report" --help
  holds out "--output=DIR"
  ends 0 "$report" --version
  grep -qE '^weir-report [0-9]+\.[0-9]+' out || fail "no version: $(cat out)"
  : >file
  ends 1 "$report" small.json -o file
  holds err "file: Not a directory"
}

no_gnuplot() {
  "$make_results" full >full.json
  mkdir empty
  ends 1 env PATH="$folder/empty" "$report" full.json -o site
  holds err "gnuplot-nox"
  test ! -e site/index.html || fail "a page without pictures was left"
  test ! -e site/index.html.new || fail "an unfinished page was left"
}

$case_name
