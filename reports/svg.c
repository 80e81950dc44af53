/* svg.c — see svg.h.
 *
 * A tokenizer of tags and text, no XML parser: the input is the output of one known program, and an attribute value of
 * its never holds '>'. Rejected: keeping gnuplot's colours and inverting the picture in the dark page by a CSS filter
 * (the hues change their meaning); an <img> with the picture as data: (no variables, no page font inside). */
#include "svg.h"

#include "allocation.h"
#include "html.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_LIMIT       32
#define DEFINITIONS_LIMIT 32

struct output {
  char *data;
  size_t size, capacity;
};

struct writer {
  struct output output;
  const char *id;
  struct {
    size_t start, end;
  } open[DEPTH_LIMIT]; /* the tags of the groups now open */
  size_t depth;
};

static void append(struct output *output, const char *bytes, size_t size) {
  if (output->size + size + 1 > output->capacity) {
    output->capacity = 2 * (output->size + size + 1);
    char *grown = realloc(output->data, output->capacity);
    if (grown == NULL) {
      fputs("weir-report: out of memory\n", stderr);
      exit(1);
    }
    output->data = grown;
  }
  memcpy(output->data + output->size, bytes, size);
  output->size += size;
  output->data[output->size] = '\0';
}

static void append_text(struct output *output, const char *text) {
  append(output, text, strlen(text));
}

/* rgb(…) with a role becomes its variable, any other becomes #rrggbb, black becomes the page's ink. */
static void append_colour(struct output *output, const char *value, size_t length) {
  unsigned red, green, blue;
  char text[32];
  if (length == strlen("black") && memcmp(value, "black", length) == 0) {
    append_text(output, "currentColor");
  } else if (sscanf(value, "rgb( %u , %u , %u )", &red, &green, &blue) == 3) {
    if (red == 1 && green == 2)
      snprintf(text, sizeof text, "var(--c%u)", blue & 0xff);
    else
      snprintf(text, sizeof text, "#%02x%02x%02x", red & 0xff, green & 0xff, blue & 0xff);
    append_text(output, text);
  } else {
    append(output, value, length);
  }
}

static bool is(const char *text, size_t length, const char *word) {
  return strlen(word) == length && memcmp(text, word, length) == 0;
}

/* What is the default anyway, is set by the page, or means something to gnuplot only. */
static bool is_superfluous(const char *name, size_t length, const char *value, size_t value_length, bool is_group) {
  if (is(name, length, "font-family")) /* gnuplot leaves the style in the name: "sans-serif:Bold" */
    return memmem(value, value_length, ":Bold", strlen(":Bold")) == NULL;
  if (is(name, length, "class") || is(name, length, "stroke-linecap") || is(name, length, "stroke-linejoin"))
    return true;
  if (is_group && (is(name, length, "id") || is(name, length, "color")))
    return true;
  return is(name, length, "stroke-width") && is(value, value_length, "1.00");
}

static void append_attribute(struct writer *writer, const char *name, size_t length, const char *value,
                             size_t value_length) {
  struct output *output = &writer->output;
  append_text(output, " ");
  if (is(name, length, "font-family")) {
    append_text(output, "font-weight=\"650");
  } else if (is(name, length, "xlink:href") && value_length > 0) {
    append_text(output, "href=\"#");
    append_text(output, writer->id);
    append_text(output, "-");
    append(output, value + 1, value_length - 1);
  } else if (is(name, length, "id")) {
    append_text(output, "id=\"");
    append_text(output, writer->id);
    append_text(output, "-");
    append(output, value, value_length);
  } else {
    append(output, name, length);
    append_text(output, "=\"");
    if (is(name, length, "fill") || is(name, length, "stroke") || is(name, length, "color")) {
      append_colour(output, value, value_length);
    } else {
      for (size_t i = 0; i < value_length; i++)
        if (!isspace((unsigned char)value[i]) || (i > 0 && !isspace((unsigned char)value[i - 1])))
          append(output, isspace((unsigned char)value[i]) ? " " : value + i, 1);
    }
  }
  append_text(output, "\"");
}

/* One opening or single tag, from '<' to '>'. */
static void append_tag(struct writer *writer, const char *tag, size_t length) {
  const char *end = tag + length - 1, *at = tag + 1;
  bool single = end[-1] == '/';
  const char *name = at;
  while (at < end && !isspace((unsigned char)*at) && *at != '/')
    at++;
  bool is_group = is(name, (size_t)(at - name), "g");
  append(&writer->output, tag, (size_t)(at - tag));
  while (at < end) {
    at += strspn(at, " \t\r\n/");
    const char *attribute = at, *equals = memchr(at, '=', (size_t)(end - at));
    if (at >= end || equals == NULL)
      break;
    size_t attribute_length = strcspn(attribute, " \t\r\n=");
    const char *quote = equals + 1 + strspn(equals + 1, " \t\r\n");
    const char *close = quote < end ? memchr(quote + 1, *quote, (size_t)(end - quote - 1)) : NULL;
    if (close == NULL)
      break;
    if (!is_superfluous(attribute, attribute_length, quote + 1, (size_t)(close - quote - 1), is_group))
      append_attribute(writer, attribute, attribute_length, quote + 1, (size_t)(close - quote - 1));
    at = close + 1;
  }
  append_text(&writer->output, single ? "/>" : ">");
}

/* A group that has been given no content goes again. */
static bool close_group(struct writer *writer) {
  if (writer->depth == 0)
    return false;
  writer->depth--;
  struct output *output = &writer->output;
  if (output->size == writer->open[writer->depth].end) {
    output->size = writer->open[writer->depth].start;
    output->data[output->size] = '\0';
  } else {
    append_text(output, "</g>\n");
  }
  return true;
}

static bool append_element(struct writer *writer, const char *tag, size_t length) {
  bool is_group = length >= 3 && tag[1] == 'g' && (isspace((unsigned char)tag[2]) || tag[2] == '>');
  if (is(tag, length, "</g>"))
    return close_group(writer);
  if (tag[1] == '/') {
    append(&writer->output, tag, length);
    return true;
  }
  if (is_group && writer->depth == DEPTH_LIMIT)
    return false;
  size_t start = writer->output.size;
  append_tag(writer, tag, length);
  if (is_group) {
    writer->open[writer->depth].start = start;
    writer->open[writer->depth++].end = writer->output.size;
  }
  return true;
}

/* Everything between `at` and `end`, without gnuplot's titles. */
static bool append_body(struct writer *writer, const char *at, const char *end) {
  while (at < end) {
    if (*at != '<') {
      const char *next = memchr(at, '<', (size_t)(end - at));
      next = next == NULL ? end : next;
      if (strspn(at, " \t\r\n") < (size_t)(next - at))
        append(&writer->output, at, (size_t)(next - at));
      at = next;
      continue;
    }
    const char *close = memchr(at, '>', (size_t)(end - at));
    if (close == NULL)
      return false;
    size_t length = (size_t)(close - at) + 1;
    if (is(at, length, "<title>")) {
      close = strstr(close, "</title>");
      if (close == NULL)
        return false;
      at = close + strlen("</title>");
      continue;
    }
    if (!append_element(writer, at, length))
      return false;
    at = close + 1;
  }
  return writer->depth == 0;
}

struct definition {
  const char *tag;
  size_t length;
  char reference[24]; /* "#gpPt6'" as it stands where it is used */
  bool needed;
};

static bool mentions(const char *from, const char *to, const char *what) {
  const char *found = strstr(from, what);
  return found != NULL && found < to;
}

/* gnuplot defines every marker it knows in every picture. A later one may use an earlier one, never the other way. */
static void append_definitions(struct writer *writer, const char *at, const char *end, const char *body) {
  struct definition definitions[DEFINITIONS_LIMIT];
  size_t count = 0;
  at += strlen("<defs>");
  const char *filters = strstr(at, "<filter");
  end = filters != NULL && filters < end ? filters : end;
  while (count < DEFINITIONS_LIMIT && (at = strchr(at, '<')) != NULL && at < end) {
    const char *id = strstr(at, "id='");
    size_t length = strcspn(at, ">") + 1;
    if (id == NULL || id > at + length)
      break;
    struct definition *definition = &definitions[count++];
    *definition = (struct definition){.tag = at, .length = length};
    snprintf(definition->reference, sizeof definition->reference, "#%.*s'", (int)strcspn(id + 4, "'"), id + 4);
    at += length;
  }
  for (size_t i = count; i-- > 0;) {
    definitions[i].needed = strstr(body, definitions[i].reference) != NULL;
    for (size_t later = i + 1; later < count; later++)
      if (definitions[later].needed &&
          mentions(definitions[later].tag, definitions[later].tag + definitions[later].length,
                   definitions[i].reference))
        definitions[i].needed = true;
  }
  append_text(&writer->output, "<defs>");
  for (size_t i = 0; i < count; i++)
    if (definitions[i].needed)
      append_tag(writer, definitions[i].tag, definitions[i].length);
  append_text(&writer->output, "</defs>\n");
}

static void append_escaped(struct output *output, const char *text) {
  char *escaped = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&escaped, &size);
  html_text(stream, text);
  fclose(stream);
  append(output, escaped, size);
  free(escaped);
}

char *svg_for_page(const char *drawing, const char *id, const char *title, const char *description) {
  unsigned width, height;
  const char *box = strstr(drawing, "viewBox=\"0 0 "), *definitions = strstr(drawing, "<defs>");
  const char *definitions_end = strstr(drawing, "</defs>"), *end = strstr(drawing, "</svg>");
  if (box == NULL || definitions == NULL || definitions_end == NULL || end == NULL || definitions_end > end ||
      sscanf(box, "viewBox=\"0 0 %u %u\"", &width, &height) != 2)
    return NULL;
  struct writer writer = {.id = id};
  const char *body = definitions_end + strlen("</defs>");
  char *head = allocation_format("<svg viewBox=\"0 0 %u %u\" role=\"img\" aria-labelledby=\"%s-title %s-desc\">\n"
                                 "<title id=\"%s-title\">",
                                 width, height, id, id, id);
  append_text(&writer.output, head);
  free(head);
  append_escaped(&writer.output, title);
  append_text(&writer.output, "</title>\n<desc id=\"");
  append_text(&writer.output, id);
  append_text(&writer.output, "-desc\">");
  append_escaped(&writer.output, description);
  append_text(&writer.output, "</desc>\n");
  append_definitions(&writer, definitions, definitions_end, body);
  writer.open[writer.depth].start = writer.output.size;
  append_text(&writer.output, "<g>"); /* gnuplot's canvas, opened before its definitions */
  writer.open[writer.depth++].end = writer.output.size;
  if (!append_body(&writer, body, end)) {
    free(writer.output.data);
    return NULL;
  }
  append_text(&writer.output, "</svg>\n");
  return writer.output.data;
}
