/* make_inputs.c — what weir-report reads beside results, on standard output: figures that can be checked by hand.
 *
 *   make_inputs growth|growth-hostile|hostile|hostile-hostile|zoo|zoo-hostile
 *
 * growth: Weir and two Gos; `after` in classic mode keeps 100 bytes a message (Go 200), all else keeps 1 KiB. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define POINTS 5

static const char *separator = "";

static void begin_curve(const char *system, const char *version, const char *policy, const char *mode, double timeout) {
  printf("%s\n  {\"system\": \"%s\", \"version\": \"%s\", \"policy\": \"%s\", \"mode\": \"%s\", \"timeout_ns\": %.0f, "
         "\"subscribers\": 100, \"concurrency\": 1, ",
         separator, system, version, policy, mode, timeout);
  separator = ",";
}

static void curve(const char *system, const char *version, const char *policy, const char *mode, double timeout) {
  bool go = strcmp(system, "weir") != 0, leaks = strcmp(policy, "after") == 0 && strcmp(mode, "classic") == 0;
  begin_curve(system, version, policy, mode, timeout);
  fputs("\"points\": [", stdout);
  for (int i = 0; i < POINTS; i++) {
    double messages = 1000.0 * i, timers = leaks ? messages : 0,
           bytes = leaks   ? timers * (go ? 200 : 100)
                   : i > 0 ? 1024
                           : 0;
    printf("%s\n    {\"messages\": %.0f, \"seconds\": %.4f, \"live_bytes\": %.0f, \"before_collection\": ",
           i > 0 ? "," : "", messages, messages / 1e6, bytes);
    printf(go ? "%.0f" : "null", bytes + 50000);
    printf(", \"pending\": %.0f, \"abandoned\": %.0f}", timers, timers);
  }
  fputs("]}", stdout);
}

static void verdict(const char *name, const char *word, double slope, const char *kind) {
  printf(
      "%s\n  {\"name\": \"%s\", \"verdict\": \"%s\", \"reason\": \"the test says so\", \"rounds\": 50, \"operations\": "
      "5000, \"seconds\": 0.25, \"settled\": true, \"bytes_per_operation\": %.9g, \"low\": %.9g, \"high\": %.9g, "
      "\"lines\": [",
      separator, name, word, slope, slope, slope);
  if (kind != NULL)
    printf("\n    {\"kind\": \"%s\", \"file\": \"/somewhere/else/bench/broadcast.c\", \"line\": 61, \"verdict\": "
           "\"%s\", \"reason\": \"rises\", "
           "\"bytes_per_operation\": %.9g, \"low\": %.9g, \"high\": %.9g, \"first_live\": 100, \"last_live\": 5000, "
           "\"first_bytes\": 10000, \"last_bytes\": 500000}",
           kind, word, slope, slope, slope);
  fputs("]}", stdout);
  separator = ",";
}

static void begin_growth(void) {
  fputs("{\"schema\": \"weir-growth-1\",\n \"context\": {\"version\": \"0.1.0\"},\n \"curves\": [", stdout);
}

static void begin_verdicts(void) {
  fputs("],\n \"verdicts\": [", stdout);
  separator = "";
}

static void growth(void) {
  static const char *const policies[] = {"after", "timer", "deadline", "none"};
  static const double timeouts[] = {6e10, 5e6};
  begin_growth();
  for (int t = 0; t < 2; t++)
    for (int p = 0; p < 4; p++) {
      curve("weir", "0.1.0", policies[p], "classic", timeouts[t]);
      curve("weir", "0.1.0", policies[p], "prompt", timeouts[t]);
      if (strcmp(policies[p], "deadline") == 0)
        continue;
      curve("go1.26", "go1.26.1", policies[p], "prompt", timeouts[t]);
      curve("go1.19", "go1.19.8", policies[p], "classic", timeouts[t]);
    }
  begin_curve("go1.19", "go1.19.8", "after", "classic", 1e9);
  fputs("\"failure\": \"the peer went away\", \"points\": []}", stdout);
  begin_verdicts();
  verdict("growth/policy:after/mode:classic", "grows", 100, "timer");
  verdict("growth/policy:timer/mode:classic", "flat", 0, NULL);
  verdict("growth/policy:none/mode:classic", "unsure", 0, NULL);
  fputs("]}\n", stdout);
}

#define HOSTILE "<script>alert(1)</script>`touch hostile`' \\u202e|[x](javascript:1) @everyone\\n"

static void growth_hostile(void) {
  begin_growth();
  curve(HOSTILE, HOSTILE, "after", "classic", 6e10);
  begin_curve("weir", HOSTILE, "timer", "prompt", 1e9);
  fputs("\"failure\": \"" HOSTILE "\", \"points\": []}", stdout);
  begin_verdicts();
  verdict(HOSTILE, "grows", 100, HOSTILE);
  fputs("]}\n", stdout);
}

static void server(int number, const char *name, const char *stage, const char *why, int held) {
  printf(
      "%s\n  {\"number\": %d, \"name\": \"%s\", \"server\": \"what %s does\", \"expected\": \"200\", \"got\": \"%s\", "
      "\"stage\": \"%s\", \"message\": \"\", \"why\": \"%s\", \"bytes_held\": %d, \"bytes_peak\": 4096, "
      "\"bytes_sent\": 100, \"fds_before\": 9, \"fds_after\": %d, \"ok\": %s}",
      separator, number, name, name, *why == '\0' ? "200" : "-EPROTO", stage, why, held, *why == '\0' ? 9 : 11,
      *why == '\0' ? "true" : "false");
  separator = ",";
}

static void begin_hostile(const char *libcurl) {
  printf("{\n  \"schema\": \"weir-hostile/1\",\n  \"libcurl\": \"%s\",\n  \"workers\": 2,\n  \"rows\": [", libcurl);
}

/* Two servers stood, one not. */
static void hostile(void) {
  begin_hostile("7.88.1");
  server(1, "body-short", "reading the body", "", 2048);
  server(0, "kind", "", "", 5 * 1024 * 1024);
  server(7, "chunk-size", "reading the body", "another error", 100);
  fputs("\n  ]\n}\n", stdout);
}

static void hostile_hostile(void) {
  begin_hostile(HOSTILE);
  server(1, HOSTILE, HOSTILE, HOSTILE, 2048);
  fputs("\n  ]\n}\n", stdout);
}

static void trials(const char *entry, const char *strategy, int count, int found, const char *median,
                   const char *schedules) {
  printf("%s\n{\"entry\":\"%s\",\"strategy\":\"%s\",\"trials\":%d,\"found\":%d,\"median\":%s,\"limit\":1000,"
         "\"schedules\":[%s],\"switches\":%s}",
         separator, entry, strategy, count, found, median, schedules, found > 0 ? "3" : "null");
  separator = ",";
}

static void zoo(void) {
  fputs("[", stdout);
  trials("moby_1", "random", 4, 4, "20", "10,20,30,1234");
  trials("moby_1", "pct", 4, 4, "2", "1,2,3,4");
  trials("moby_1", "dfs", 1, 0, "null", "");
  trials("etcd_2", "random", 4, 1, "null", "77");
  trials("etcd_2", "pct", 4, 2, "9", "8,9");
  fputs("\n]\n", stdout);
}

static void zoo_hostile(void) {
  fputs("[", stdout);
  trials(HOSTILE, HOSTILE, 1, 1, "1", "1");
  fputs("\n]\n", stdout);
}

int main(int argc, char **argv) {
  static const struct {
    const char *kind;
    void (*write)(void);
  } kinds[] = {{"growth", growth},   {"growth-hostile", growth_hostile},
               {"hostile", hostile}, {"hostile-hostile", hostile_hostile},
               {"zoo", zoo},         {"zoo-hostile", zoo_hostile}};
  for (size_t i = 0; argc == 2 && i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(argv[1], kinds[i].kind) == 0) {
      kinds[i].write();
      return fflush(stdout) == 0 ? 0 : 1;
    }
  fprintf(stderr, "usage: make_inputs KIND\n");
  return 2;
}
