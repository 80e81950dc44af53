/* chart.c — see chart.h. */
#include "chart.h"

#include "html.h"
#include "palette.h"
#include "svg.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool continues_character(char byte) {
  return ((unsigned char)byte & 0xc0) == 0x80;
}

void chart_text_short(FILE *script, const char *text, size_t limit) {
  fputc('\'', script);
  for (size_t characters = 0; *text != '\0'; characters++) {
    if (characters == limit) {
      fputs("…", script);
      break;
    }
    size_t forbidden = *text == '\n' || *text == '\t' || strchr("'\"`\\$@{}", *text) != NULL ? 1 : html_forbidden(text);
    fputc(forbidden > 0 ? '?' : *text, script);
    text += forbidden > 0 ? forbidden : 1;
    while (forbidden == 0 && continues_character(*text))
      fputc(*text++, script);
  }
  fputc('\'', script);
}

void chart_text(FILE *script, const char *text) {
  chart_text_short(script, text, SIZE_MAX);
}

_Static_assert(ROLE_INK == 2, "CHART_INK spells it out");

bool chart_begin(struct chart *chart, unsigned width, unsigned height, struct problem *problem) {
  chart->script = tmpfile();
  if (chart->script == NULL)
    return problem_set(problem, "cannot make a temporary file for gnuplot: %s", strerror(errno));
  fprintf(chart->script,
          "set encoding utf8\n"
          "set terminal svg size %u,%u dynamic noenhanced font 'sans-serif,12' linewidth 1\n"
          "set border 0\n"
          "set tics scale 0 textcolor rgb '%s'\n"
          "set key off\n",
          width, height, palette_role(ROLE_MUTED));
  return true;
}

/* The child: gnuplot on `script`, writing to `drawing` and `complaints`. Never returns. */
static void run_gnuplot(FILE *script, FILE *drawing, FILE *complaints) {
  if (setenv("LC_ALL", "C.UTF-8", 1) == 0 && dup2(fileno(script), STDIN_FILENO) >= 0 &&
      dup2(fileno(drawing), STDOUT_FILENO) >= 0 && dup2(fileno(complaints), STDERR_FILENO) >= 0)
    execlp("gnuplot", "gnuplot", "-d", (char *)NULL);
  fprintf(complaints, "%s; is it installed (Debian: gnuplot-nox)?", strerror(errno));
  fflush(complaints);
  _exit(127);
}

static char *whole_file(FILE *file) {
  long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
  char *text = size < 0 ? NULL : calloc((size_t)size + 1, 1);
  rewind(file);
  if (text != NULL && fread(text, 1, (size_t)size, file) != (size_t)size) {
    free(text);
    return NULL;
  }
  return text;
}

/* false with `problem` filled unless gnuplot ran and said it did well. */
static bool drawn(FILE *script, FILE *drawing, FILE *complaints, struct problem *problem) {
  int status = 0;
  fflush(NULL); /* the child must not write a second time what waits in our buffers */
  pid_t child = fork();
  if (child == 0)
    run_gnuplot(script, drawing, complaints);
  while (child > 0 && waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      child = -1;
  if (child < 0)
    return problem_set(problem, "cannot run gnuplot: %s", strerror(errno));
  char *words = whole_file(complaints);
  bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!good)
    problem_set(problem, "gnuplot failed (status %d): %s", status, words == NULL ? "" : words);
  else if (words != NULL && words[0] != '\0')
    fprintf(stderr, "weir-report: gnuplot says: %s\n", words);
  free(words);
  return good;
}

char *chart_draw(struct chart *chart, const char *id, const char *title, const char *description,
                 struct problem *problem) {
  FILE *drawing = tmpfile(), *complaints = tmpfile();
  char *picture = NULL;
  rewind(chart->script);
  if (drawing == NULL || complaints == NULL) {
    problem_set(problem, "cannot make a temporary file for gnuplot: %s", strerror(errno));
  } else if (drawn(chart->script, drawing, complaints, problem)) {
    char *text = whole_file(drawing);
    picture = text == NULL ? NULL : svg_for_page(text, id, title, description);
    if (picture == NULL)
      problem_set(problem, "gnuplot's drawing for \"%s\" is not what its svg terminal is known to write", title);
    free(text);
  }
  if (drawing != NULL)
    fclose(drawing);
  if (complaints != NULL)
    fclose(complaints);
  fclose(chart->script);
  chart->script = NULL;
  return picture;
}
