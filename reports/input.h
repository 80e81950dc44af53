/* input.h — everything that a report is made from: the files, what they hold, and each of them as raw data of the site. */
#ifndef REPORTS_INPUT_H
#define REPORTS_INPUT_H

#include "page.h"

struct input_files {
  char **results;
  size_t result_count;
  const char *baseline, *growth, *zoo, *hostile; /* NULL: not given */
};

struct input {
  struct results results, baseline;
  struct growth growth;
  struct zoo zoo;
  struct hostile hostile;
};

/* Reads all of them; false with `problem` filled. The input is empty before, and to be freed either way. */
bool input_read(struct input *input, const struct input_files *files, struct problem *problem);
void input_free(struct input *input);

/* Every file that was read, under a name of ours, in the order of the reading; for input_raws_free. */
struct raw *input_raws(const struct input *input, size_t *count);
void input_raws_free(struct raw *raws, size_t count);

/* The names that the files are shown under, one a raw, instead of the paths that they were read from. */
void input_rename(struct input *input, const char *const *names);

/* The site of an input. changes and objection are NULL without a baseline; false with `problem` filled. */
bool input_publish(const struct input *input, const struct changes *changes, const char *objection,
                   const char *directory, struct problem *problem);

#endif
