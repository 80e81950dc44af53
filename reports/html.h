/* html.h — the only way text gets into a page.
 *
 * html_print takes a trusted format and untrusted arguments: every %s is escaped, so that forgetting is not possible.
 * What is already markup (a picture) goes through fputs and is thereby easy to find.
 *
 * Escaped: & < > " ' as entities. Control characters and the marks that reverse the direction of text, with which a
 * name could make a line read as another, become U+FFFD. */
#ifndef REPORTS_HTML_H
#define REPORTS_HTML_H

#include <stdio.h>

void html_text(FILE *out, const char *text);

/* Conversions: %s (escaped), %d, %ld, %zu, %%; anything else aborts. */
void html_print(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How many bytes of `text` form a character that must not be shown (0 = none): used by the Markdown writer, too. */
size_t html_forbidden(const char *text);

#endif
