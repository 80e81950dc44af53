/* json_line.h — on which line a value of a JSON text stands, for refusals that come after the text has been parsed.
 *
 * jansson keeps no positions. The text is walked a second time, only once something in it has been refused. */
#ifndef REPORTS_JSON_LINE_H
#define REPORTS_JSON_LINE_H

#include <stddef.h>

#define JSON_LINE_WHOLE ((size_t)-1)

/* The line, from 1, of TEXT.member, TEXT.member[position] or TEXT.member[position].field; of the innermost of them that
 * is there. `position` may be JSON_LINE_WHOLE and `field` NULL; in an object that is a member, `field` is looked for
 * when the position is JSON_LINE_WHOLE. `text` must be valid JSON and end with a NUL. */
size_t json_line(const char *text, const char *member, size_t position, const char *field);

/* The same for a place as a refusal names it: "curves[3].points[7].messages", or "[5].entry". */
size_t json_line_place(const char *text, const char *place);

#endif
