/* chart.h — one picture: a gnuplot script in, an <svg> element out.
 *
 * gnuplot runs as a child process with the script on its standard input and the drawing on its standard output: no file
 * of ours stays behind, and no shell is between. A script holds nothing from an input file but numbers and what went
 * through chart_text, because gnuplot runs what stands between backquotes. */
#ifndef REPORTS_CHART_H
#define REPORTS_CHART_H

#include "problem.h"

#include <stdbool.h>
#include <stdio.h>

#define CHART_INK "#010202" /* palette_role(ROLE_INK), for the text in a script */

struct chart {
  FILE *script; /* write gnuplot commands here */
};

/* Begins a script: terminal, size and the common looks. */
bool chart_begin(struct chart *chart, unsigned width, unsigned height, struct problem *problem);

/* Runs it and forgets it. NULL with `problem` filled when gnuplot cannot be run or refuses; else the caller frees. */
char *chart_draw(struct chart *chart, const char *id, const char *title, const char *description,
                 struct problem *problem);

/* A text as gnuplot's quoted string. What could end the string or be obeyed is replaced by '?'. */
void chart_text(FILE *script, const char *text);

/* The same, cut after `limit` characters. */
void chart_text_short(FILE *script, const char *text, size_t limit);

#endif
