/* html.c — see html.h. */
#include "html.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

size_t html_forbidden(const char *text) {
  const unsigned char *byte = (const unsigned char *)text;
  if ((byte[0] < 0x20 && byte[0] != '\n' && byte[0] != '\t') || byte[0] == 0x7f)
    return 1;
  if (byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] <= 0x9f)
    return 2;
  if (byte[0] == 0xe2 && byte[1] == 0x80 &&
      (byte[2] == 0x8e || byte[2] == 0x8f || (byte[2] >= 0xaa && byte[2] <= 0xae)))
    return 3;
  if (byte[0] == 0xe2 && byte[1] == 0x81 && byte[2] >= 0xa6 && byte[2] <= 0xa9)
    return 3;
  return 0;
}

void html_text(FILE *out, const char *text) {
  while (*text != '\0') {
    size_t forbidden = html_forbidden(text);
    if (forbidden > 0) {
      fputs("\xef\xbf\xbd", out);
      text += forbidden;
      continue;
    }
    switch (*text) {
    case '&':
      fputs("&amp;", out);
      break;
    case '<':
      fputs("&lt;", out);
      break;
    case '>':
      fputs("&gt;", out);
      break;
    case '"':
      fputs("&quot;", out);
      break;
    case '\'':
      fputs("&#39;", out);
      break;
    default:
      fputc(*text, out);
      break;
    }
    text++;
  }
}

void html_print(FILE *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  for (const char *at = format; *at != '\0';) {
    if (*at != '%') {
      size_t plain = strcspn(at, "%");
      fwrite(at, 1, plain, out);
      at += plain;
    } else if (at[1] == 's') {
      html_text(out, va_arg(arguments, const char *));
      at += 2;
    } else if (at[1] == 'd') {
      fprintf(out, "%d", va_arg(arguments, int));
      at += 2;
    } else if (strncmp(at, "%ld", 3) == 0) {
      fprintf(out, "%ld", va_arg(arguments, long));
      at += 3;
    } else if (strncmp(at, "%zu", 3) == 0) {
      fprintf(out, "%zu", va_arg(arguments, size_t));
      at += 3;
    } else if (at[1] == '%') {
      fputc('%', out);
      at += 2;
    } else {
      abort();
    }
  }
  va_end(arguments);
}
