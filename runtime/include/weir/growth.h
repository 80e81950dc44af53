/* weir/growth.h — does a program's memory grow, for ever, and where?
 *
 *     static int round(void *arg) { …a few hundred requests…; return 0; }
 *     struct weir_growth_report report;
 *     if (weir_growth_run(&(struct weir_growth){.operations = 100}, round, NULL, &report) == 0)
 *       weir_growth_print(&report, stdout), weir_growth_report_free(&report);
 *
 * After each round the program settles, and what is alive is read by kind and by line. In a program without a leak it is
 * the same after every round, to the byte, once the first half has warmed up; a line that goes on rising is a leak, one
 * that has stopped is a plateau, and so is one of which nothing stays alive for half of the run. A soak reads while the load runs, and has only statistics. Beside what the runtime knows,
 * the allocator's own count is judged (kind "heap"): memory that belongs to no object can only raise an alarm.
 */
#ifndef WEIR_GROWTH_H
#define WEIR_GROWTH_H

#include <weir/base.h>

#include <stdio.h>

WEIR_BEGIN

enum weir_growth_verdict {
  WEIR_GROWTH_FLAT = 0,
  WEIR_GROWTH_GROWS = 1,
  WEIR_GROWTH_UNSURE = 2, /* it could be either; the reason says what would tell */
};

/* "flat", "grows", "unsure". */
WEIR_API const char *weir_growth_verdict_name(enum weir_growth_verdict verdict);

/* Zero in every field is the default. */
struct weir_growth {
  uint32_t rounds;     /* 0 = 1000; at least 8. A leak that shows once in R/50 rounds or more often is told */
  uint64_t operations; /* that one round does: what "bytes an operation" is relative to; 0 = 1 */
  int64_t soak;  /* nanoseconds: run rounds for so long and do not settle between them; 0 = settle, rounds decides */
  double budget; /* bytes an operation that are not called growth; not below 0 */
};

/* What one line of the program keeps alive. */
struct weir_growth_line {
  const char *kind; /* as in the census, or "heap" */
  const char *file; /* "unknown" and 0 where no line is known */
  int line;
  enum weir_growth_verdict verdict;
  const char *reason;                    /* a static sentence */
  double bytes_per_operation, low, high; /* with a 95 % interval; 0 when it is flat to the byte */
  uint32_t since;                        /* the last reading at which its bytes changed, from 0 */
  size_t first_live, last_live, first_bytes, last_bytes;
};

struct weir_growth_report {
  enum weir_growth_verdict verdict; /* grows if one line does, else unsure if one is, else flat */
  const char *reason;               /* that line's; static */
  bool settled;                     /* else read while the load ran */
  uint64_t rounds;                  /* done */
  uint64_t operations;              /* of all rounds */
  uint32_t readings;                /* judged: in a soak of many rounds, one of several rounds is read */
  int64_t duration;
  double bytes_per_operation, low, high; /* sums over the lines that grow */
  struct weir_growth_line *lines;        /* those that ever changed: what grows most first */
  size_t line_count;
};

/* Calls round(arg) again and again and judges what it leaves. 0, and the report is the caller's to free; what round
 * returned, when that is not 0; -EINVAL fewer than 8 rounds asked for, or a negative soak or budget; -ENOMEM; -EPERM
 * outside a task. On an error there is nothing to free. Called from a task, which waits for each round to settle; tasks
 * that round leaves behind go on. A soak ends after the round in which its time is over. A reading takes a time that
 * grows with what is alive. */
WEIR_API int weir_growth_run(const struct weir_growth *options, int (*round)(void *arg), void *arg,
                             struct weir_growth_report *report);
WEIR_API void weir_growth_report_free(struct weir_growth_report *report);

/* Prints the verdict and a table of the lines. 0, or -EIO when the stream has an error. */
WEIR_API int weir_growth_print(const struct weir_growth_report *report, FILE *stream);

/* The same as one JSON object on one line, under a name. Bytes of a file name that are no UTF-8 are written as they are.
 * 0, or -EIO. */
WEIR_API int weir_growth_print_json(const struct weir_growth_report *report, const char *name, FILE *stream);

WEIR_END

#endif
