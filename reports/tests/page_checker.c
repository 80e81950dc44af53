/* page_checker.c — see page_checker.h. */
#include "page_checker.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_LIMIT 64
#define IDS_LIMIT   20000

struct element {
  char name[24];
  bool has_title, has_desc, has_caption, scrolls, is_captioned;
};

struct checker {
  char fault[256];
  struct element open[DEPTH_LIMIT];
  size_t depth;
  char *ids[IDS_LIMIT], *references[IDS_LIMIT];
  size_t id_count, reference_count;
  int heading;
  size_t first_headings;
};

static void fault(struct checker *checker, const char *what, const char *where) {
  if (checker->fault[0] == '\0')
    snprintf(checker->fault, sizeof checker->fault, "%s: %.80s", what, where);
}

static struct element *innermost(struct checker *checker, const char *name) {
  for (size_t i = checker->depth; i-- > 0;)
    if (strcmp(checker->open[i].name, name) == 0)
      return &checker->open[i];
  return NULL;
}

static void remember(struct checker *checker, char **list, size_t *count, const char *text, size_t length) {
  if (*count == IDS_LIMIT)
    fault(checker, "too many ids", text);
  else
    list[(*count)++] = strndup(text, length);
}

/* "sweep.html" or "data/growth.json": beside this page, and nowhere else. */
static bool is_of_site(const char *value, size_t size) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
  size_t at = size > 5 && memcmp(value, "data/", 5) == 0 ? 5 : 0;
  size_t word = strspn(value + at, letters);
  const char *ending = at > 0 ? ".json" : ".html";
  return word > 0 && size == at + word + strlen(ending) && memcmp(value + at + word, ending, strlen(ending)) == 0;
}

static void check_attribute(struct checker *checker, const char *name, size_t length, const char *value, size_t size) {
  bool is_href = length == 4 && memcmp(name, "href", 4) == 0;
  if (length > 2 && memcmp(name, "on", 2) == 0)
    fault(checker, "a script in an attribute", name);
  if ((length == 3 && memcmp(name, "src", 3) == 0) || (length == 6 && memcmp(name, "srcset", 6) == 0))
    fault(checker, "something fetched", name);
  if (is_href && *value == '#')
    remember(checker, checker->references, &checker->reference_count, value + 1, size - 1);
  else if (is_href && !is_of_site(value, size))
    fault(checker, "a link out of the page", value);
  if (length == 2 && memcmp(name, "id", 2) == 0)
    remember(checker, checker->ids, &checker->id_count, value, size);
  if (length == 15 && memcmp(name, "aria-labelledby", 15) == 0)
    for (size_t at = 0; at < size;) {
      size_t word = strcspn(value + at, " \"");
      remember(checker, checker->references, &checker->reference_count, value + at, word);
      at += word + 1;
    }
  if (length == 5 && memcmp(name, "class", 5) == 0 && size == 6 && memcmp(value, "scroll", 6) == 0 &&
      checker->depth > 0)
    checker->open[checker->depth - 1].scrolls = true;
}

/* From behind the tag's name to its '>'; returns that place, NULL when the tag does not end. */
static const char *check_attributes(struct checker *checker, const char *at) {
  for (;;) {
    at += strspn(at, " \t\r\n/");
    if (*at == '>' || *at == '\0')
      return *at == '>' ? at : NULL;
    size_t length = strcspn(at, " \t\r\n=>/");
    const char *name = at;
    if (length == 0 || !isalpha((unsigned char)*at) || memchr(at, '"', length) != NULL) {
      fault(checker, "a stray quote in a tag", at);
      return NULL;
    }
    at += length;
    if (*at != '=')
      continue;
    const char *end = at[1] == '"' ? strchr(at + 2, '"') : NULL;
    if (end == NULL) {
      fault(checker, "an attribute without quotes", name);
      return NULL;
    }
    check_attribute(checker, name, length, at + 2, (size_t)(end - at) - 2);
    at = end + 1;
  }
}

static bool is_void(const char *name) {
  static const char *const names[] = {"meta", "wbr", "br", "link", "img", "hr", "input"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0)
      return true;
  return false;
}

static void check_heading(struct checker *checker, const char *name, const char *where) {
  if (name[0] != 'h' || !isdigit((unsigned char)name[1]))
    return;
  int level = name[1] - '0';
  if (level > checker->heading + 1)
    fault(checker, "a heading skips a level", where);
  checker->heading = level;
  checker->first_headings += level == 1;
}

static void check_parents(struct checker *checker, const char *name, const char *where) {
  struct element *picture = innermost(checker, "svg"), *figure = innermost(checker, "figure");
  if (strcmp(name, "script") == 0 || strcmp(name, "iframe") == 0 || strcmp(name, "img") == 0 ||
      strcmp(name, "link") == 0 || strcmp(name, "object") == 0)
    fault(checker, "an element that runs or fetches", where);
  if (picture != NULL && strcmp(name, "title") == 0)
    picture->has_title = true;
  if (picture != NULL && strcmp(name, "desc") == 0)
    picture->has_desc = true;
  if (figure != NULL && strcmp(name, "figcaption") == 0)
    figure->has_caption = true;
  if (strcmp(name, "caption") == 0 && checker->depth > 0) {
    struct element *table = &checker->open[checker->depth - 1];
    if (strcmp(table->name, "table") != 0 || table->is_captioned)
      fault(checker, "a caption that is no table's, or its second", where);
    table->is_captioned = true;
  }
  if (strcmp(name, "svg") == 0 && figure == NULL)
    fault(checker, "a picture outside a figure", where);
  if (strcmp(name, "table") == 0 && (checker->depth == 0 || !checker->open[checker->depth - 1].scrolls))
    fault(checker, "a table that cannot scroll", where);
}

static const char *close_element(struct checker *checker, const char *at) {
  size_t length = strcspn(at + 2, ">");
  struct element *last = checker->depth == 0 ? NULL : &checker->open[checker->depth - 1];
  if (last == NULL || strlen(last->name) != length || memcmp(last->name, at + 2, length) != 0) {
    fault(checker, "a tag closed out of order", at);
    return NULL;
  }
  if (strcmp(last->name, "svg") == 0 && !(last->has_title && last->has_desc))
    fault(checker, "a picture without title or desc", at);
  if (strcmp(last->name, "table") == 0 && !last->is_captioned)
    fault(checker, "a table without a caption", at);
  if (strcmp(last->name, "figure") == 0 && !last->has_caption)
    fault(checker, "a figure without a caption", at);
  checker->depth--;
  return at + 2 + length + 1;
}

static const char *open_element(struct checker *checker, const char *at) {
  struct element element = {0};
  size_t length = strcspn(at + 1, " \t\r\n/>");
  if (length == 0 || length >= sizeof element.name || !isalpha((unsigned char)at[1]) || checker->depth == DEPTH_LIMIT) {
    fault(checker, "a raw < in the text", at);
    return NULL;
  }
  memcpy(element.name, at + 1, length);
  check_parents(checker, element.name, at);
  check_heading(checker, element.name, at);
  checker->open[checker->depth++] = element;
  const char *end = check_attributes(checker, at + 1 + length);
  if (end == NULL) {
    fault(checker, "a tag that does not end", at);
    return NULL;
  }
  if (end[-1] == '/' || is_void(element.name))
    checker->depth--;
  if (strcmp(element.name, "style") != 0)
    return end + 1;
  const char *close = strstr(end, "</style>");
  for (const char *part = end; close != NULL && part < close; part++)
    if (strncmp(part, "url(", 4) == 0 || strncmp(part, "@import", 7) == 0)
      fault(checker, "a style sheet that fetches", part);
  return close == NULL ? NULL : close;
}

/* A number that is none: the word with no letter on either side. */
static void check_numbers(struct checker *checker, const char *page) {
  static const char *const words[] = {"nan", "NaN", "inf", "-nan"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    for (const char *at = page; (at = strstr(at, words[i])) != NULL; at++)
      if (!isalnum((unsigned char)at[-1]) && at[-1] != '/' && at[-1] != '+' &&
          !isalnum((unsigned char)at[strlen(words[i])]) && at[strlen(words[i])] != '/' && at[strlen(words[i])] != '+')
        fault(checker, "a number that is none", at - 20);
}

static void check_references(struct checker *checker) {
  for (size_t i = 0; i < checker->id_count; i++)
    for (size_t j = 0; j < i; j++)
      if (strcmp(checker->ids[i], checker->ids[j]) == 0)
        fault(checker, "an id twice", checker->ids[i]);
  for (size_t i = 0; i < checker->reference_count; i++) {
    bool found = false;
    for (size_t j = 0; j < checker->id_count && !found; j++)
      found = strcmp(checker->references[i], checker->ids[j]) == 0;
    if (!found)
      fault(checker, "a reference to no id", checker->references[i]);
  }
}

bool page_checker(const char *page, char *words, size_t size) {
  struct checker *checker = calloc(1, sizeof *checker);
  static const char start[] = "<!DOCTYPE html>\n<html lang=\"en\">";
  if (strncmp(page, start, sizeof start - 1) != 0)
    fault(checker, "not an HTML page with a language", page);
  const char *at = strchr(page, '\n');
  while (at != NULL && (at = strchr(at, '<')) != NULL && checker->fault[0] == '\0')
    at = at[1] == '/' ? close_element(checker, at) : open_element(checker, at);
  if (checker->depth > 0)
    fault(checker, "an element never closed", checker->open[checker->depth - 1].name);
  if (checker->first_headings != 1)
    fault(checker, "not exactly one h1", "");
  if (checker->fault[0] == '\0') /* a page that begins as it should: there is something before every number */
    check_numbers(checker, page + sizeof start - 1);
  check_references(checker);
  snprintf(words, size, "%s", checker->fault);
  for (size_t i = 0; i < checker->id_count; i++)
    free(checker->ids[i]);
  for (size_t i = 0; i < checker->reference_count; i++)
    free(checker->references[i]);
  free(checker);
  return words[0] == '\0';
}
