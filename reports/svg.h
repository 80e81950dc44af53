/* svg.h — what gnuplot draws, made fit for a page.
 *
 * gnuplot's file carries an XML prolog, a title "Gnuplot", ids that are the same in every picture, fixed black, and
 * many empty groups. Out comes one <svg> element whose ids are its own, whose text has the page's font and colour,
 * whose colours with a role are CSS variables (palette.h), and which says in <title> and <desc> what it shows. */
#ifndef REPORTS_SVG_H
#define REPORTS_SVG_H

/* `id` is unique in the page and made of letters, digits and '-'. `title` and `description` are plain text. NULL when
 * `drawing` is not what gnuplot's svg terminal writes. The caller frees. */
char *svg_for_page(const char *drawing, const char *id, const char *title, const char *description);

#endif
