/* test_text.c — what becomes of text: numbers, names of rows, and strings that try to be more than text. */
#include "check.h"

#include "chart.h"
#include "html.h"
#include "markdown.h"
#include "number.h"
#include "point.h"
#include "problem.h"
#include "row_name.h"

#include <stdlib.h>

typedef void writer(FILE *out, const char *text);

/* The result lives until the next call. */
static const char *written(writer *write, const char *text) {
  static char *result;
  size_t size;
  free(result);
  FILE *stream = open_memstream(&result, &size);
  write(stream, text);
  fclose(stream);
  return result;
}

static void as_argument(FILE *out, const char *text) {
  html_print(out, "<td title=\"%s\">%d%%%s</td>", text, 7, text);
}

static void in_chart(FILE *out, const char *text) {
  chart_text_short(out, text, 12);
}

static void html(void) {
  CHECK_TEXT(written(html_text, "<script>alert('x')</script> & \"y\""),
             "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;y&quot;");
  CHECK_TEXT(written(as_argument, "\"><b>"), "<td title=\"&quot;&gt;&lt;b&gt;\">7%&quot;&gt;&lt;b&gt;</td>");
  CHECK_TEXT(written(html_text, "a\x1b[31mb\x7f"), "a\xef\xbf\xbd[31mb\xef\xbf\xbd");
  CHECK_TEXT(written(html_text, "x\u202ey\u2066z\xc2\x9b"), "x\xef\xbf\xbdy\xef\xbf\xbdz\xef\xbf\xbd");
  CHECK_TEXT(written(html_text, "µ × – \n\t"), "µ × – \n\t");
  CHECK_TEXT(written(html_text, "cut \xe2"), "cut \xe2");
}

static void markdown(void) {
  CHECK_TEXT(written(markdown_text, "a|b\n<i>`x`[l](u)@me_*"),
             "a&#124;b &#60;i&#62;&#96;x&#96;&#91;l&#93;(u)&#64;me&#95;&#42;");
  CHECK_TEXT(written(markdown_name, "try/recv_empty/workers:1"), "`try/recv_empty/workers:1`");
  CHECK_TEXT(written(markdown_name, "a`b|c"), "a&#96;b&#124;c");
  CHECK_TEXT(written(markdown_sentence, "Policy `after` | x"), "Policy `after` &#124; x");
}

static void charts(void) {
  CHECK_TEXT(written(chart_text, "Go 1.19"), "'Go 1.19'");
  CHECK_TEXT(written(chart_text, "`touch x` '$(y)\" @a {b} \\\n"), "'?touch x? "
                                                                   "?"
                                                                   "?(y)? ?a ?b? ?"
                                                                   "?'");
  CHECK_TEXT(written(in_chart, "ünïcödé and more"), "'ünïcödé and …'");
}

static void problems(void) {
  struct problem problem;
  char name[3000];
  memset(name, 'a', sizeof name);
  name[sizeof name - 1] = '\0';
  CHECK(!problem_set(&problem, "file: %s", "\x1b]0;title\a\n\u202e"));
  CHECK_TEXT(problem.text, "file: ?]0;title?????");
  problem_set(&problem, "%s", name);
  CHECK(strlen(problem.text) == sizeof problem.text - 1);
}

static void numbers(void) {
  CHECK_TEXT(number_nanoseconds(3.141).characters, "3.14");
  CHECK_TEXT(number_nanoseconds(61.27).characters, "61.3");
  CHECK_TEXT(number_nanoseconds(1498.4).characters, "1,498");
  CHECK_TEXT(number_nanoseconds(999.96).characters, "1,000");
  CHECK_TEXT(number_nanoseconds(NAN).characters, "–");
  CHECK_TEXT(number_count(1234567).characters, "1,234,567");
  CHECK_TEXT(number_count(3.64).characters, "3.6");
  CHECK_TEXT(number_count(-0.2).characters, "−0.2");
  CHECK_TEXT(number_count(0).characters, "0");
  CHECK_TEXT(number_short(999.7).characters, "1k");
  CHECK_TEXT(number_short(1498).characters, "1.5k");
  CHECK_TEXT(number_short(61.4).characters, "61");
  CHECK_TEXT(number_bytes(512).characters, "512\u00a0B");
  CHECK_TEXT(number_bytes(1024).characters, "1\u00a0KiB");
  CHECK_TEXT(number_bytes(5.1 * 1024 * 1024).characters, "5.1\u00a0MiB");
  CHECK_TEXT(number_bytes(-2048).characters, "−2\u00a0KiB");
  CHECK_TEXT(number_ratio(0.854).characters, "0.85×");
  CHECK_TEXT(number_ratio(0.0996).characters, "0.10×");
  CHECK_TEXT(number_ratio(0.0991).characters, "0.099×");
  CHECK_TEXT(number_ratio(250.0 / 65000).characters, "0.0038×");
  CHECK_TEXT(number_ratio(0).characters, "0.00×");
  CHECK_TEXT(number_ratio(10.46).characters, "10.5×");
  CHECK_TEXT(number_ratio_short(10.46).characters, "10×");
  CHECK_TEXT(number_ratio_range(5.81, 6.9).characters, "5.8–6.9×");
  CHECK_TEXT(number_percent(0.031).characters, "+3.1\u00a0%");
  CHECK_TEXT(number_percent(-0.117).characters, "−12\u00a0%");
  CHECK_TEXT(number_share(0.5).characters, "50\u00a0%");
  CHECK_TEXT(number_duration(5e6).characters, "5\u00a0ms");
  CHECK_TEXT(number_duration(2.5e9).characters, "2.5\u00a0s");
}

static void check_name(const char *text, const char *benchmark, long workers, const char *peer) {
  struct row_name name;
  struct problem problem = {""};
  bool good = row_name_parse(text, &name, &problem);
  CHECK(good == (benchmark != NULL));
  if (good != (benchmark != NULL))
    fprintf(stderr, "  for %s: %s\n", text, problem.text);
  if (!good || benchmark == NULL)
    return;
  CHECK_TEXT(name.benchmark, benchmark);
  CHECK(name.workers == workers);
  CHECK_TEXT(name.peer == NULL ? "Weir" : name.peer, peer);
  free(name.benchmark);
  free(name.peer);
}

static void names(void) {
  check_name("yield/pair/workers:1", "yield/pair", 1, "Weir");
  check_name("yield/pair/workers:2/peer:go1.19", "yield/pair", 2, "go1.19");
  check_name("yield/pair/workers:1/iterations:500/repeats:3/manual_time", "yield/pair", 1, "Weir");
  check_name("yield/pair/workers:1/peer:x/real_time/threads:1", "yield/pair", 1, "x");
  check_name("yield/pair/workers:1/peer:a/b", "yield/pair", 1, "a/b");
  check_name("BM_plain", NULL, 0, NULL);
  check_name("/workers:1", NULL, 0, NULL);
  check_name("yield/pair/workers:0", NULL, 0, NULL);
  check_name("yield/pair/workers:1x", NULL, 0, NULL);
  check_name("yield/pair/workers:", NULL, 0, NULL);
  check_name("yield/pair/workers:99999999999999999999", NULL, 0, NULL);
  check_name("yield/pair/workers:1/other:2", NULL, 0, NULL);
  check_name("yield/pair/workers:1/peer:", NULL, 0, NULL);
}

static bool parses(const char *benchmark, struct point *point) {
  struct problem problem;
  return point_parse(benchmark, 1, point, &problem);
}

static void points(void) {
  struct point point, other;
  CHECK(parses("broadcast/policy:deadline/mode:prompt/load:slow/subscribers:100/concurrency:8", &point));
  CHECK(point.family == FAMILY_BROADCAST && point.policy == POLICY_DEADLINE && point.mode == MODE_PROMPT &&
        point.load == LOAD_SLOW && point.subscribers == 100 && point.concurrency == 8 && point.capacity == 1);
  CHECK(parses("broadcast/policy:deadline/mode:prompt/load:slow/subscribers:100/concurrency:8/capacity:16", &other));
  CHECK(other.capacity == 16 && !point_same_group(&point, &other) && !point_equal(&point, &other));
  CHECK(parses("broadcast/policy:after/mode:prompt/load:slow/subscribers:10/concurrency:8", &other));
  CHECK(point_same_group(&point, &other) && !point_same_size(&point, &other));
  CHECK(parses("steady/policy:after/mode:classic/subscribers:100/concurrency:1/timeout_ms:5", &point));
  CHECK(point.family == FAMILY_STEADY && point.timeout_ms == 5 && point.load == LOAD_READY);
  CHECK(parses("broadcasting/policy:none", &point) && point.family == FAMILY_OTHER);
  CHECK(!parses("broadcast/policy:later/mode:prompt/load:slow/subscribers:100/concurrency:8", &point));
  CHECK(!parses("broadcast/policy:after/mode:prompt/load:slow/concurrency:8", &point));
  CHECK(!parses("broadcast/policy:after/mode:prompt/load:slow/subscribers:0/concurrency:8", &point));
  CHECK(!parses("broadcast/policy:after/mode:prompt/load:slow/subscribers:1e3/concurrency:8", &point));
  CHECK(!parses("steady/policy:after/mode:classic/subscribers:100/concurrency:1", &point));
}

int main(void) {
  html();
  markdown();
  charts();
  problems();
  numbers();
  names();
  points();
  return check_end();
}
