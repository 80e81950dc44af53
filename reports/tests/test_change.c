/* test_change.c — the three words: proved on sessions whose noise was drawn from a real sweep (noise.h), in which nothing,
 * 30 % or 5 % was planted. Fixed seeds: what holds here holds always. */
#include "change.h"
#include "check.h"
#include "given.h"
#include "noise.h"
#include "rank.h"

#include <gsl/gsl_randist.h>

#define SESSIONS    20
#define PROCESSES   20
#define REPETITIONS 5
#define PLANTED     14 /* the row in which a change is planted: of the 24 the twelfth by its noise */

static void ranks(void) {
  static const double low[] = {1, 2, 3, 4, 5}, high[] = {6, 7, 8, 9, 10}, mixed[] = {1.5, 2.5, 3.5, 4.5, 5.5};
  CHECK_NEAR(rank_mann_whitney(low, 3, high, 3), 0.1, 1e-12);       /* 2 of the 20 orders */
  CHECK_NEAR(rank_mann_whitney(low, 5, high, 5), 2.0 / 252, 1e-12); /* 2 of the 252 */
  CHECK_NEAR(rank_mann_whitney(high, 5, low, 5), 2.0 / 252, 1e-12);
  CHECK_NEAR(rank_mann_whitney(low, 5, mixed, 5), 0.690476190476, 1e-9); /* U = 10: tables */
  CHECK_NEAR(rank_mann_whitney(low, 0, high, 5), 1, 0);
  static const double same[] = {7, 7, 7, 7};
  CHECK_NEAR(rank_mann_whitney(same, 4, same, 4), 1, 0);
  double many[30], more[30];
  for (int i = 0; i < 30; i++) {
    many[i] = i;
    more[i] = i + 100;
  }
  double p = rank_mann_whitney(many, 30, more, 30); /* z = (450 - 0.5) / sqrt(900 * 61 / 12) = 6.645 */
  CHECK(p > 2.5e-11 && p < 3.5e-11);
  double holm[] = {0.01, 0.04, 0.03, 0.005};
  rank_holm(holm, 4);
  CHECK_NEAR(holm[3], 0.02, 1e-12);
  CHECK_NEAR(holm[0], 0.03, 1e-12);
  CHECK_NEAR(holm[2], 0.06, 1e-12);
  CHECK_NEAR(holm[1], 0.06, 1e-12);
}

/* A session: each process is off by half of what a repetition is, all by `planted` in one row. */
static struct results session(unsigned long seed, int processes, double planted) {
  gsl_rng *generator = gsl_rng_alloc(gsl_rng_mt19937);
  gsl_rng_set(generator, seed);
  struct given given;
  given_begin(&given);
  for (int row = 0; row < NOISE_ROWS; row++)
    for (int process = 1; process <= processes; process++) {
      double offset = 0.5 * noise[row].thousandths[gsl_rng_uniform_int(generator, NOISE_REPETITIONS)];
      for (int i = 0; i < REPETITIONS; i++) {
        double apart = offset + noise[row].thousandths[gsl_rng_uniform_int(generator, NOISE_REPETITIONS)];
        char more[40];
        snprintf(more, sizeof more, ", \"process\": %d", process);
        apart += gsl_ran_gaussian(generator, 2); /* so that five residuals do not make ties of everything */
        given_row(&given, noise[row].name, noise[row].ns * exp(apart / 1000) * (row == PLANTED ? planted : 1), more);
      }
    }
  gsl_rng_free(generator);
  return given_end(&given);
}

struct outcome {
  int clean; /* sessions in which no row but the planted one is changed */
  int found; /* in which the planted one is, upwards, and its interval and floor hold what they should */
  int blind; /* in which it is "not changed" with a least change below what was planted */
  size_t words[CHANGE_WORDS]; /* of the rows in which nothing was planted */
};

static struct outcome sessions(unsigned long seed, double planted) {
  struct outcome outcome = {0};
  for (unsigned long i = 0; i < SESSIONS; i++) {
    struct results before = session(seed + 2 * i, PROCESSES, 1), after = session(seed + 2 * i + 1, PROCESSES, planted);
    struct changes changes = changes_of(&before, &after);
    bool alarm = false;
    CHECK(changes.count == NOISE_ROWS && changes.floor.cells == NOISE_ROWS);
    for (size_t c = 0; c < changes.count; c++) {
      const struct change *change = &changes.changes[c];
      if (strcmp(change->after->name, noise[PLANTED].name) == 0) {
        outcome.found +=
            change->word == CHANGE_CHANGED && change->low > 0 && change->low <= log(planted) + change->floor;
        outcome.blind += change->word == CHANGE_NOT_CHANGED && change->least < log(planted);
      } else {
        outcome.words[change->word]++;
        alarm = alarm || change->word == CHANGE_CHANGED;
      }
    }
    outcome.clean += !alarm;
    changes_free(&changes);
    results_free(&before);
    results_free(&after);
  }
  printf("planted %+.0f %%: clean %d, found %d, blind %d of %d sessions; other rows: %zu changed, %zu not, %zu cannot "
         "tell\n",
         (planted - 1) * 100, outcome.clean, outcome.found, outcome.blind, SESSIONS, outcome.words[CHANGE_CHANGED],
         outcome.words[CHANGE_NOT_CHANGED], outcome.words[CHANGE_CANNOT_TELL]);
  return outcome;
}

static void nothing_planted(void) {
  struct outcome outcome = sessions(1, 1);
  CHECK(outcome.clean >= 19);
  CHECK(outcome.found <= 1);
  CHECK(outcome.words[CHANGE_NOT_CHANGED] > 0); /* it does dare to say so */
}

static void much_planted(void) {
  struct outcome outcome = sessions(1001, 1.3);
  CHECK(outcome.found == SESSIONS);
  CHECK(outcome.clean >= 19);
  CHECK(outcome.blind == 0);
}

static void little_planted(void) {
  struct outcome outcome = sessions(2001, 1.05);
  CHECK(outcome.blind == 0);
  CHECK(outcome.clean >= 19);
}

static void too_few(void) {
  struct results before = session(7, 2, 1), after = session(8, 10, 2);
  struct changes changes = changes_of(&before, &after);
  CHECK(changes.words[CHANGE_CANNOT_TELL] == NOISE_ROWS);
  CHECK_TEXT(changes.changes[0].why, "fewer than 3 processes in the baseline");
  CHECK(isnan(changes.changes[0].p) && isnan(changes.changes[0].least));
  changes_free(&changes);
  results_free(&before);
  results_free(&after);
}

int main(void) {
  ranks();
  nothing_planted();
  much_planted();
  little_planted();
  too_few();
  return check_end();
}
