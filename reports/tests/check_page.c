/* check_page.c — says what is wrong with a page of weir-report: page_checker.h.
 *
 *   check_page FILE      exit 0, or 1 and the fault
 *   check_page --canary  gives itself one broken page after the other; exit 0 only if each is refused for its own fault
 */
#include "page_checker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int canary(void) {
#define PAGE(body)                                                                                                     \
  "<!DOCTYPE html>\n<html lang=\"en\"><head><style>a{}</style></head><body><h1>x</h1>" body "</body></html>"
  static const struct {
    const char *page, *fault;
  } broken[] = {
      {PAGE("<p>1 &lt; 2, nanoseconds, information</p>"), ""},
      {"<html>", "not an HTML page"},
      {PAGE("<p><b></p></b>"), "closed out of order"},
      {PAGE("<p>1 < 2</p>"), "a raw <"},
      {PAGE("<p>"), "closed out of order"},
      {PAGE("<script>1</script>"), "runs or fetches"},
      {PAGE("<img alt=\"\">"), "runs or fetches"},
      {PAGE("<p onclick=\"x\"></p>"), "a script in an attribute"},
      {PAGE("<a href=\"http://x\">x</a>"), "a link out of the page"},
      {PAGE("<a href=\"sweep.html\">x</a><a href=\"data/results-2.json\">x</a>"), ""},
      {PAGE("<a href=\"../x.html\">x</a>"), "a link out of the page"},
      {PAGE("<a href=\"data/../x.json\">x</a>"), "a link out of the page"},
      {PAGE("<a href=\"data:application/json;base64,aa\">x</a>"), "a link out of the page"},
      {PAGE("<a href=\"#nowhere\">x</a>"), "a reference to no id"},
      {PAGE("<p id=\"a\"></p><p id=\"a\"></p>"), "an id twice"},
      {PAGE("<h3>x</h3>"), "skips a level"},
      {PAGE("<h1>x</h1>"), "not exactly one h1"},
      {PAGE("<table></table>"), "cannot scroll"},
      {PAGE("<div class=\"scroll\"><table></table></div>"), "a table without a caption"},
      {PAGE("<div class=\"scroll\"><table><caption>a</caption></table></div>"), ""},
      {PAGE("<caption>a</caption>"), "a caption that is no table's"},
      {PAGE("<svg></svg>"), "outside a figure"},
      {PAGE("<figure><svg><title>x</title></svg></figure>"), "without title or desc"},
      {PAGE("<figure></figure>"), "without a caption"},
      {PAGE("<td>nan ns</td>"), "a number that is none"},
      {PAGE("<td>-inf</td>"), "a number that is none"},
      {PAGE("<p class=x></p>"), "without quotes"},
      {PAGE("<p class=\"x\"\"></p>"), "a stray quote"},
      {"<!DOCTYPE html>\n<html lang=\"en\"><style>a{background:url(x)}</style><h1>x</h1></html>",
       "a style sheet that fetches"},
  };
  int failures = 0;
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    char words[256];
    page_checker(broken[i].page, words, sizeof words);
    bool right = broken[i].fault[0] == '\0' ? words[0] == '\0' : strstr(words, broken[i].fault) != NULL;
    if (!right)
      fprintf(stderr, "%s\n  should be refused for \"%s\", is for \"%s\"\n", broken[i].page, broken[i].fault, words);
    failures += !right;
  }
  return failures == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "--canary") == 0)
    return canary();
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL) {
    fprintf(stderr, "usage: check_page FILE | --canary\n");
    return 2;
  }
  char *page = NULL, words[256];
  size_t size = 0;
  bool read = getdelim(&page, &size, '\0', file) > 0;
  fclose(file);
  bool good = read && page_checker(page, words, sizeof words);
  if (!good)
    fprintf(stderr, "%s: %s\n", argv[1], read ? words : "cannot be read");
  free(page);
  return good ? 0 : 1;
}
