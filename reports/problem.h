/* problem.h — why an input was refused: one sentence that names the file, the place in it, the value and the way out.
 */
#ifndef REPORTS_PROBLEM_H
#define REPORTS_PROBLEM_H

struct problem {
  char text[1024];
};

/* Writes the sentence (cut if it is too long) with everything a terminal would obey replaced by '?'. Returns false, so
 * that a check can end with `return problem_set(…)`. */
_Bool problem_set(struct problem *problem, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
