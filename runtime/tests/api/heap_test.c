/* heap_test.c — what jemalloc says of each kind is what the census says, in a build with WEIR_ARENAS; in any other one
 * every call refuses. */
#include "run.h"

#include <weir/heap.h>

#if WEIR_ARENAS
#include <jemalloc/jemalloc.h>

static size_t allocated(const char *kind) {
  struct weir_heap heap;
  CHECK_EQ_INT(weir_heap_take(&heap), 0);
  for (size_t i = 0; i < heap.count; i++) {
    CHECK_INT(heap.kinds[i].allocated, <=, heap.kinds[i].active);
    if (strcmp(heap.kinds[i].kind, kind) == 0)
      return heap.kinds[i].allocated;
  }
  check_fail(__FILE__, __LINE__, "no kind %s", kind);
}

/* What the objects of a kind would take by the census: each rounded up to its class. */
static size_t by_the_census(const char *kind) {
  struct weir_census census;
  size_t bytes = 0;
  CHECK_EQ_INT(weir_census_take(&census), 0);
  for (size_t i = 0; i < census.line_count; i++)
    if (strcmp(census.lines[i].kind, kind) == 0)
      bytes += census.lines[i].live * nallocx(census.lines[i].bytes / census.lines[i].live, 0);
  weir_census_free(&census);
  return bytes;
}

enum { OBJECTS = 1000 };

static int objects_body(void *arg) {
  weir_chan *chans[OBJECTS];
  weir_timer *timers[OBJECTS];
  weir_context *contexts[OBJECTS];
  for (int i = 0; i < OBJECTS; i++) {
    chans[i] = weir_chan_new(100, 3);
    timers[i] = weir_timer_new(3600 * WEIR_SECOND);
    contexts[i] = weir_context_background();
  }
  const char *const kinds[] = {"channel", "timer", "context"};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    CHECK_INT(allocated(kinds[i]), >=, OBJECTS * 64);
    CHECK_EQ_INT(allocated(kinds[i]), by_the_census(kinds[i]));
  }
  for (int i = 0; i < OBJECTS; i++) {
    weir_chan_unref(chans[i]);
    weir_timer_free(timers[i]);
    weir_context_unref(contexts[i]);
  }
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    CHECK_EQ_INT(allocated(kinds[i]), by_the_census(kinds[i]));
  return arg != NULL;
}

static void both_agree(void) {
  CHECK_EQ_INT(run_plain(objects_body, NULL), 0);
  CHECK_EQ_INT(allocated("channel") + allocated("timer") + allocated("context"), 0);
}

static int leak_round(void *arg) {
  weir_chan_unref(weir_after(3600 * WEIR_SECOND));
  return arg != NULL;
}

static int growth_body(void *arg) {
  enum { ROUNDS = 100 };
  struct weir_growth_report report;
  const size_t before = allocated("timer");
  CHECK_EQ_INT(weir_growth_run(&(struct weir_growth){.rounds = ROUNDS}, leak_round, NULL, &report), 0);
  CHECK_STR(weir_growth_verdict_name(report.verdict), "grows");
  const size_t each = report.lines[0].last_bytes / report.lines[0].last_live;
  CHECK(report.bytes_per_operation == (double)each);
  CHECK_EQ_INT(allocated("timer") - before, ROUNDS * nallocx(each, 0));
  weir_growth_report_free(&report);
  return arg != NULL;
}

static void the_verdict_agrees(void) {
  static struct run_log log;
  CHECK_EQ_INT(run_logged(WEIR_TIMERS_CLASSIC, &log, growth_body, NULL), 0);
}

static void pages_are_counted(void) {
  enum { ELEMENT = 1 << 20 };
  struct weir_heap before, after;
  CHECK_EQ_INT(weir_heap_take(&before), 0);
  weir_chan *c = weir_chan_new(ELEMENT, 1);
  CHECK_EQ_INT(weir_heap_take(&after), 0);
  size_t active = 0, resident = 0;
  for (size_t i = 0; i < after.count; i++)
    if (strcmp(after.kinds[i].kind, "channel") == 0) {
      active = after.kinds[i].active - before.kinds[i].active;
      resident = after.kinds[i].resident;
    }
  CHECK_INT(active, >=, ELEMENT);
  CHECK_INT(resident, >=, ELEMENT);
  weir_chan_unref(c);
}

static void a_person_reads_it(void) {
  struct weir_heap heap;
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  CHECK_EQ_INT(weir_heap_take(&heap), 0);
  CHECK_EQ_INT(weir_heap_print(&heap, stream), 0);
  fclose(stream);
  CHECK_CONTAINS(text, "allocated");
  CHECK_CONTAINS(text, "\nchannel ");
  CHECK_CONTAINS(text, "\nprogram ");
  free(text);
}

/* In a process that was started for it: this one, again. */
static void profiles_on_demand(void) {
  const char *conf = getenv("MALLOC_CONF");
  if (conf == NULL || strstr(conf, "prof:true") == NULL) {
    CHECK_EQ_INT(weir_heap_dump("never-written.heap"), -ENOTSUP);
    setenv("MALLOC_CONF", "prof:true,prof_active:false,lg_prof_sample:0", 1);
    execl("/proc/self/exe", "api_heap", "profiles_on_demand", (char *)NULL);
    CHECK(false);
  }
  char file[] = "heap-XXXXXX";
  CHECK(mkstemp(file) >= 0);
  CHECK_EQ_INT(weir_heap_profile(true), 0);
  weir_chan *c = weir_chan_new(54321, 1);
  CHECK_EQ_INT(weir_heap_dump(file), 0);
  CHECK_EQ_INT(weir_heap_profile(false), 0);
  static char text[1 << 16];
  FILE *stream = fopen(file, "r");
  CHECK(stream != NULL);
  text[fread(text, 1, sizeof text - 1, stream)] = '\0';
  fclose(stream);
  unlink(file);
  CHECK_CONTAINS(text, "heap_v2");
  CHECK_CONTAINS(text, "1: 5"); /* one block of fifty-odd thousand bytes */
  CHECK_EQ_INT(weir_heap_dump("/no/such/folder/file"), -EIO);
  weir_chan_unref(c);
}

static const struct check_case cases[] = {
    CHECK_CASE(both_agree),        CHECK_CASE(the_verdict_agrees), CHECK_CASE(pages_are_counted),
    CHECK_CASE(a_person_reads_it), CHECK_CASE(profiles_on_demand),
};

#else

static void refuses(void) {
  struct weir_heap heap;
  CHECK_EQ_INT(weir_heap_take(&heap), -ENOTSUP);
  CHECK_EQ_INT(heap.count, 0);
  CHECK_EQ_INT(weir_heap_profile(true), -ENOTSUP);
  CHECK_EQ_INT(weir_heap_dump("never-written.heap"), -ENOTSUP);
  CHECK_EQ_INT(weir_heap_print(&heap, stdout), 0);
}

static const struct check_case cases[] = {CHECK_CASE(refuses)};

#endif

CHECK_MAIN(cases)
