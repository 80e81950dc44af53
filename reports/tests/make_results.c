/* make_results.c — writes SYNTHETIC result files for the tests: the shape of weir-bench's output, invented figures.
 *
 * make_results KIND > file
 *   full     every family, three peers, some repetitions failed, one line that never reached steady state
 *   small    four rows, five repetitions; deterministic and easy to check by hand
 *   hostile  a peer, messages and environment that try to be markup, script, Markdown and shell
 *   alone    Weir only: no peer at all, no steady rows
 *   session, again, slower   eight processes; the same anew; with a row that takes 30 % longer
 *   failed   as full, but every repetition of every row failed
 *
 * The same bytes on every run: the noise comes from a fixed recurrence. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const long subscribers[] = {1, 10, 100, 1000, 10000};
static const long concurrency[] = {1, 2, 3, 8};
static const char *const policies[] = {"after", "timer", "deadline", "none"};
static const char *const modes[] = {"classic", "prompt"};
static const char *const loads[] = {"ready", "slow", "exit"};

static uint64_t state = 88172645463325252u;
static long sequence;
static int repetitions = 7;
static bool any_row, all_fail;

/* 0.97 … 1.03, and now and then a disturbed one. */
static double noise(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  double unit = (double)(state >> 11) / 9007199254740992.0;
  return 0.97 + 0.06 * unit + (unit > 0.97 ? 0.4 : 0);
}

static void begin_row(const char *name, int repetition) {
  printf("%s\n    {\n      \"name\": \"%s\",\n      \"run_name\": \"%s\",\n      \"run_type\": \"iteration\",\n"
         "      \"repetitions\": %d,\n      \"repetition_index\": %d,\n      \"threads\": 1,\n",
         any_row ? "," : "", name, name, repetitions, repetition);
  any_row = true;
}

static void end_row(void) {
  printf("      \"sequence\": %ld,\n      \"at_seconds\": %.3f\n    }", (sequence * 7919) % 100003,
         (double)sequence * 0.05);
  sequence++;
}

static void failed(const char *name, const char *message, int count) {
  for (int i = 0; i < count; i++) {
    begin_row(name, i);
    printf("      \"error_occurred\": true,\n      \"error_message\": \"%s\",\n      \"iterations\": 0,\n      "
           "\"real_time\": "
           "0.0,\n      \"cpu_time\": 0.0,\n      \"time_unit\": \"ns\",\n",
           message);
    end_row();
  }
}

static void good(const char *name, double ns, const char *counters) {
  if (all_fail) {
    failed(name, "nothing works today", repetitions);
    return;
  }
  for (int i = 0; i < repetitions; i++) {
    double time = ns * noise();
    begin_row(name, i);
    printf("      \"iterations\": 100000,\n      \"real_time\": %.17g,\n      \"cpu_time\": %.17g,\n      "
           "\"time_unit\": \"ns\",\n"
           "      \"count\": 100000,\n%s",
           time, time * 0.99, counters);
    end_row();
  }
}

static void begin_file(const char *extra) {
  printf("{\n  \"context\": {\n    \"date\": \"2001-01-01T00:00:00+00:00\",\n    \"host_name\": \"synthetic\",\n"
         "    \"num_cpus\": 2,\n    \"library_build_type\": \"debug\",\n    \"caches\": [{\"type\": \"Data\", "
         "\"level\": 1}],\n"
         "    \"weir_schema\": \"1\",\n    \"weir_version\": \"0.0.0\",\n    \"weir_build\": \"release\",\n"
         "    \"weir_git\": \"unknown\",\n    \"command\": \"make_results: a SYNTHETIC test fixture, nothing was "
         "measured\",\n"
         "    \"cpu_model\": \"no processor: synthetic test fixture\",\n    \"timeout_ms\": \"5\",\n    "
         "\"load_before\": \"0.10\"%s\n"
         "  },\n  \"benchmarks\": [",
         extra);
}

static void end_file(void) {
  puts("\n  ]\n}");
}

/* How much longer a peer takes, and by policy. */
static double price(const char *policy, long s, long c) {
  double base = strcmp(policy, "after") == 0   ? 95
                : strcmp(policy, "timer") == 0 ? 70
                : strcmp(policy, "none") == 0  ? 44
                                               : 58;
  return base + 260.0 / (double)s + 9.0 * (double)(c - 1) / sqrt((double)s) + 9 * log10((double)s);
}

static double go_price(const char *policy, long s, long c) {
  double base = strcmp(policy, "after") == 0 ? 1300 : strcmp(policy, "timer") == 0 ? 380 : 300;
  return base + 1300.0 / (double)s + 200.0 * (double)(c - 1) / (double)s + 40 * log10((double)s);
}

static void broadcast(const char *policy, const char *mode, const char *load, long s, long c, int workers) {
  char name[256], row[320], counters[256] = "";
  snprintf(name, sizeof name, "broadcast/policy:%s/mode:%s/load:%s/subscribers:%ld/concurrency:%ld/workers:%d", policy,
           mode, load, s, c, workers);
  bool slow = strcmp(load, "slow") == 0, go_holds = strcmp(policy, "deadline") != 0;
  if (slow)
    snprintf(counters, sizeof counters,
             "      \"timeouts\": 420,\n      \"ns_per_timeout\": 5061000,\n      \"round_p99_ns\": "
             "%.0f,\n",
             5.2e6 * ceil((double)s / 10 / (double)c));
  double wait = slow && s >= 10 ? 555000.0 / (double)c : 0;
  if (workers == 1 && s == 10000 && c == 8 && strcmp(policy, "timer") == 0 && strcmp(mode, "prompt") == 0)
    failed(name, "count 99999 instead of 100000: a message was lost", repetitions);
  else
    good(name, price(policy, s, c) * (workers == 1 ? 1 : 0.7) + wait, counters);
  if (workers == 1 && s == 100 && c == 2 && strcmp(policy, "after") == 0)
    failed(name, "the peer took more than its share", 2);
  const char *go = strcmp(mode, "classic") == 0 ? "go1.19" : "go1.26";
  snprintf(row, sizeof row, "%s/peer:%s", name, go);
  if (go_holds && !(s == 1000 && c == 3 && strcmp(load, "exit") == 0))
    good(row, go_price(policy, s, c) * (strcmp(go, "go1.26") == 0 ? 0.85 : 1) + wait, counters);
  snprintf(row, sizeof row, "%s/peer:boost.fiber", name);
  if (workers == 1 && (strcmp(policy, "deadline") == 0 || strcmp(policy, "none") == 0) && strcmp(mode, "classic") == 0)
    good(row, 86 + 600.0 / (double)s + 12 * log10((double)s) + wait, "");
}

static void steady(const char *policy, const char *mode, const char *peer, double ns, double bytes_per_timer,
                   double kept, int reached) {
  char name[256], counters[512];
  snprintf(name, sizeof name, "steady/policy:%s/mode:%s/subscribers:100/concurrency:1/timeout_ms:5/workers:1%s%s",
           policy, mode, *peer == '\0' ? "" : "/peer:", peer);
  double rate = 1e9 / ns, pending = kept * rate * 0.005;
  snprintf(counters, sizeof counters,
           "      \"rate\": %.17g,\n      \"timers_pending\": %.1f,\n      \"timers_abandoned\": %.1f,\n      "
           "\"live_bytes\": "
           "%.1f,\n      \"bytes_per_timer\": %.1f,\n      \"timeout_ns\": 5000000,\n      \"seconds\": 0.4,\n      "
           "\"steady\": %d,\n",
           rate, pending, pending, pending * bytes_per_timer + 350, bytes_per_timer, reached);
  good(name, ns, counters);
}

static void all_steady(void) {
  for (int m = 0; m < 2; m++) {
    bool classic = m == 0;
    const char *go = classic ? "go1.19" : "go1.26";
    for (int p = 0; p < 4; p++) {
      bool after = strcmp(policies[p], "after") == 0;
      steady(policies[p], modes[m], "", price(policies[p], 100, 1), 128, after && classic ? 1.02 : 0, 1);
      if (strcmp(policies[p], "deadline") == 0)
        continue;
      if (classic && strcmp(policies[p], "none") == 0)
        failed("steady/policy:none/mode:classic/subscribers:100/concurrency:1/timeout_ms:5/workers:1/peer:go1.19",
               "peer went away", repetitions);
      else
        steady(policies[p], modes[m], go, go_price(policies[p], 100, 1), 208, after && classic ? 0.93 : 0.001,
               !(strcmp(policies[p], "timer") == 0 && !classic));
    }
  }
}

/* With one worker, and a little dearer with two, where Boost.Fiber is not. */
static void core_row(const char *name, double weir, double go, double boost) {
  char row[256];
  for (int workers = 1; workers <= 2; workers++) {
    snprintf(row, sizeof row, "%s/workers:%d", name, workers);
    good(row, weir * (workers == 1 ? 1 : 1.25), "");
    snprintf(row, sizeof row, "%s/workers:%d/peer:go1.19", name, workers);
    good(row, go, "");
    snprintf(row, sizeof row, "%s/workers:%d/peer:go1.26", name, workers);
    good(row, go * 0.9, "");
    snprintf(row, sizeof row, "%s/workers:%d/peer:boost.fiber", name, workers);
    if (boost > 0 && workers == 1)
      good(row, boost, "");
  }
}

/* Rows with figures beside their time. With two workers the slowest wake-ups are slower than Go's. */
static void figures(void) {
  char row[256];
  for (int workers = 1; workers <= 2; workers++) {
    snprintf(row, sizeof row, "wake/latency/workers:%d", workers);
    good(row, 60,
         workers == 1 ? "      \"p50_ns\": 30,\n      \"p99_ns\": 31,\n      \"p999_ns\": 41,\n"
                      : "      \"p50_ns\": 31,\n      \"p99_ns\": 90,\n      \"p999_ns\": 65000,\n");
    snprintf(row, sizeof row, "wake/latency/workers:%d/peer:go1.19", workers);
    good(row, 210, "      \"p50_ns\": 110,\n      \"p99_ns\": 190,\n      \"p999_ns\": 250,\n");
    snprintf(row, sizeof row, "parked/tasks:1000000/workers:%d", workers);
    good(row, 95,
         workers == 1
             ? "      \"bytes_per_task\": 4501,\n      \"cold_make_ns\": 2700,\n      \"cold_wake_ns\": 700,\n"
             : "      \"bytes_per_task\": 4701,\n      \"cold_make_ns\": 2500,\n      \"cold_wake_ns\": 650,\n");
    snprintf(row, sizeof row, "parked/tasks:1000000/workers:%d/peer:go1.19", workers);
    good(row, 836, "      \"bytes_per_task\": 2741,\n      \"cold_make_ns\": 4929,\n      \"cold_wake_ns\": 1450,\n");
    snprintf(row, sizeof row, "scaling/broadcast/policy:none/workers:%d", workers);
    good(row, workers == 1 ? 15 : 8, "");
  }
  good("scaling/broadcast/policy:none/workers:2/peer:two-processes", 7.6, "      \"overlap\": 0.98,\n");
  good("steal/skewed/workers:2", 560,
       "      \"stolen\": 4900,\n      \"bytes_per_op\": 119.0,\n      \"bytes_live_after\": 5120.0,\n"
       "      \"bytes_peak\": 12582912.0,\n");
}

static void core(void) {
  core_row("spawn/join/batch:1000", 46, 360, 0);
  core_row("yield/pair", 21, 204, 90);
  core_row("channel/ping_pong/capacity:0", 71, 382, 300);
  core_row("channel/spsc/capacity:128", 18, 61, 35);
  core_row("channel/mpmc/producers:4/consumers:4/capacity:128", 24, 56, 43);
  core_row("channel/element:64", 22, 66, 0);
  core_row("channel/element:4096", 131, 260, 0);
  core_row("select/ready:2/cases:2", 26, 106, 0);
  core_row("select/ready:1/cases:64", 290, 4890, 0);
  core_row("select/block/cases:2", 75, 584, 0);
  core_row("select/thundering/tasks:64", 410, 1500, 0);
  core_row("try/recv_empty", 3.1, 7.4, 0);
  core_row("timer/start_stop/pending:100000", 38, 420, 0);
  core_row("timer/churn/pending:1000000", 61, 700, 0);
}

static void full(void) {
  begin_file(
      ",\n    \"load_after\": \"1.04\",\n    \"peer:go1.19\": \"go1.19.8\",\n    \"peer:go1.26\": \"go1.26.0\",\n"
      "    \"peer:boost.fiber\": \"1.74\",\n    \"peer:tokio\": \"missing: no such program\", \"peer:two-processes\": "
      "\"0.0.0\"");
  all_steady();
  core();
  figures();
  for (int l = 0; l < 3; l++)
    for (int p = 0; p < 4; p++)
      for (int m = 0; m < 2; m++)
        for (int s = 0; s < 5; s++)
          for (int c = 0; c < 4; c++)
            if (!(l == 1 && p == 3))
              broadcast(policies[p], modes[m], loads[l], subscribers[s], concurrency[c], 1);
  for (int p = 0; p < 4; p++)
    for (int m = 0; m < 2; m++)
      for (int s = 0; s < 5; s += 2)
        for (int c = 0; c < 4; c += 3)
          broadcast(policies[p], modes[m], "ready", subscribers[s], concurrency[c], 2);
  end_file();
}

static void small_row(const char *name, const double *times) {
  for (int i = 0; i < 5; i++) {
    begin_row(name, i);
    printf("      \"iterations\": 10,\n      \"real_time\": %.17g,\n      \"time_unit\": \"ns\",\n", times[i]);
    end_row();
  }
}

static void small(void) {
  static const double weir[] = {12, 10, 11, 14, 13}, go[] = {60, 70, 62, 66, 64}, boost[] = {12, 30, 24, 11, 18};
  begin_file(",\n    \"peer:go1.19\": \"go1.19.8\"");
  repetitions = 5;
  small_row("channel/spsc/capacity:128/workers:1", weir);
  small_row("channel/spsc/capacity:128/workers:1/peer:go1.19", go);
  small_row("channel/spsc/capacity:128/workers:1/peer:boost.fiber", boost);
  failed("try/recv_empty/workers:1", "refused", 5);
  end_file();
}

static void hostile(void) {
  static const char peer[] = "go1.19<img src=x onerror=alert(1)>`touch hostile`'$(touch hostile)\\\"|&";
  char name[320];
  begin_file(",\n    \"kernel\": \"</td><script>alert(2)</script>\",\n    \"peer:<b>tokio\": \"missing: "
             "<script>alert(3)</script> | "
             "@everyone [x](javascript:alert(4))\"");
  good("steady/policy:after/mode:classic/subscribers:100/concurrency:1/timeout_ms:5/workers:1", 95,
       "      \"rate\": 1e7, \"live_bytes\": 6400350, \"bytes_per_timer\": 128, \"timeout_ns\": 5000000, \"steady\": "
       "1,\n");
  snprintf(name, sizeof name,
           "steady/policy:after/mode:classic/subscribers:100/concurrency:1/timeout_ms:5/workers:1/peer:%s", peer);
  good(name, 1300,
       "      \"rate\": 8e5, \"live_bytes\": 800350, \"bytes_per_timer\": 208, \"timeout_ns\": 5000000, \"steady\": "
       "1,\n");
  good("broadcast/policy:after/mode:classic/load:ready/subscribers:10/concurrency:1/workers:1", 95, "");
  snprintf(name, sizeof name,
           "broadcast/policy:after/mode:classic/load:ready/subscribers:10/concurrency:1/workers:1/peer:%s", peer);
  good(name, 1300, "");
  good("<script>alert(5)</script>/workers:1", 5, "");
  failed("x|y`z/workers:1", "<script>alert(6)</script>\\n| \\u202eesrever", 2);
  end_file();
}

static void alone(void) {
  begin_file("");
  repetitions = 2;
  good("yield/pair/workers:1", 21, "");
  for (int s = 0; s < 3; s++)
    good(s == 0   ? "broadcast/policy:deadline/mode:prompt/load:ready/subscribers:1/concurrency:2/workers:1"
         : s == 1 ? "broadcast/policy:deadline/mode:prompt/load:ready/subscribers:10/concurrency:2/workers:1"
                  : "broadcast/policy:deadline/mode:prompt/load:ready/subscribers:10/concurrency:8/workers:1",
         60 + s, "");
  end_file();
}

/* Eight processes; `planted` times as slow in one row. */
static void processes(double planted) {
  static const struct {
    const char *name;
    double ns;
  } rows[] = {{"yield/pair/workers:1", 20},
              {"channel/spsc/capacity:128/workers:1", 12},
              {"channel/spsc/capacity:128/workers:1/peer:go1.19", 60},
              {"try/recv_empty/workers:1", 3},
              {"spawn/join/batch:1000/workers:1", 90}};
  char more[40];
  repetitions = 3;
  begin_file(",\n    \"peer:go1.19\": \"go1.19.8\"");
  for (int process = 1; process <= 8; process++) {
    snprintf(more, sizeof more, "      \"process\": %d,\n", process);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
      good(rows[i].name, rows[i].ns * (i == 0 ? planted : 1), more);
  }
  end_file();
}

static void session(void) {
  processes(1);
}

static void again(void) {
  state ^= 20220801;
  processes(1);
}

static void slower(void) {
  state ^= 20220802;
  processes(1.3);
}

static void all_failed(void) {
  all_fail = true;
  full();
}

int main(int argc, char **argv) {
  static const struct {
    const char *kind;
    void (*write)(void);
  } kinds[] = {{"full", full},         {"small", small},     {"hostile", hostile}, {"alone", alone},
               {"failed", all_failed}, {"session", session}, {"again", again},     {"slower", slower}};
  for (size_t i = 0; argc == 2 && i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(argv[1], kinds[i].kind) == 0) {
      kinds[i].write();
      return fflush(stdout) == 0 ? 0 : 1;
    }
  fprintf(stderr, "usage: make_results full|small|hostile|alone|failed|session|again|slower\n");
  return 2;
}
