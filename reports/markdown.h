/* markdown.h — text from an input file in a Markdown document, such that it stays text: no link, no tag, no mention, no
 * new column of a table. */
#ifndef REPORTS_MARKDOWN_H
#define REPORTS_MARKDOWN_H

#include <stdio.h>

void markdown_text(FILE *out, const char *text);

/* A row's name or a field's value: as code when it holds nothing but what names are made of, else as text. */
void markdown_name(FILE *out, const char *name);

/* A sentence of story.h: text, with code between backquotes. */
void markdown_sentence(FILE *out, const char *sentence);

#endif
