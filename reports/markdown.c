/* markdown.c — see markdown.h. Whatever could mean something becomes a numeric entity: it shows as itself everywhere.
 */
#include "markdown.h"

#include "html.h"

#include <stdbool.h>
#include <string.h>

/* Up to `end`. */
static void write_text(FILE *out, const char *text, const char *end) {
  while (text < end) {
    size_t forbidden = html_forbidden(text);
    if (forbidden > 0) {
      fputs("\xef\xbf\xbd", out);
      text += forbidden;
      continue;
    }
    if (*text == '\n' || *text == '\t')
      fputc(' ', out);
    else if (strchr("\\`*_[]<>|&~#@!$\"'", *text) != NULL)
      fprintf(out, "&#%d;", *text);
    else
      fputc(*text, out);
    text++;
  }
}

void markdown_text(FILE *out, const char *text) {
  write_text(out, text, text + strlen(text));
}

void markdown_sentence(FILE *out, const char *sentence) {
  for (bool code = false; *sentence != '\0'; code = !code) {
    size_t length = strcspn(sentence, "`");
    if (code)
      fprintf(out, "`%.*s`", (int)length, sentence);
    else
      write_text(out, sentence, sentence + length);
    sentence += length + (sentence[length] == '`');
  }
}

void markdown_name(FILE *out, const char *name) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:/.,+-= ";
  if (*name != '\0' && name[strspn(name, plain)] == '\0')
    fprintf(out, "`%s`", name);
  else
    markdown_text(out, name);
}
