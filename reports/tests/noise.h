/* noise.h — what one process of weir-bench measured in a real sweep: of 24 rows of Weir's, taken evenly from the list by
 * name, how far each of the five repetitions was from their median, in thousandths of a logarithm. A machine of two
 * cores, otherwise idle, virtual; repetitions interleaved over eight minutes. */
#ifndef REPORTS_TESTS_NOISE_H
#define REPORTS_TESTS_NOISE_H

#define NOISE_ROWS        24
#define NOISE_REPETITIONS 5

static const struct {
  const char *name;
  double ns;
  int thousandths[NOISE_REPETITIONS];
} noise[NOISE_ROWS] = {
    {"broadcast/policy:after/mode:classic/load:exit/subscribers:100/concurrency:1/workers:1",
     171.6,
     {-134, 0, 367, -170, 159}},
    {"broadcast/policy:after/mode:classic/load:ready/subscribers:100/concurrency:1/workers:2",
     246.2,
     {315, 0, -7, -73, 20}},
    {"broadcast/policy:after/mode:classic/load:slow/subscribers:100/concurrency:1/workers:1",
     5.695e+05,
     {-1, 12, -2, 13, 0}},
    {"broadcast/policy:after/mode:prompt/load:ready/subscribers:10/concurrency:8/workers:1",
     187.3,
     {146, -402, 0, -363, 31}},
    {"broadcast/policy:after/mode:prompt/load:ready/subscribers:10000/concurrency:8/workers:1",
     492.9,
     {-23, 685, 5, -458, 0}},
    {"broadcast/policy:deadline/mode:classic/load:ready/subscribers:10/concurrency:1/workers:1",
     27.86,
     {-34, 0, 422, -15, 134}},
    {"broadcast/policy:deadline/mode:classic/load:ready/subscribers:10000/concurrency:1/workers:2",
     50.68,
     {-258, 0, 247, 62, -175}},
    {"broadcast/policy:deadline/mode:prompt/load:ready/subscribers:1/concurrency:8/workers:1",
     91.83,
     {-82, 8, -56, 374, 0}},
    {"broadcast/policy:deadline/mode:prompt/load:ready/subscribers:1000/concurrency:8/workers:1",
     79.12,
     {-85, -56, 209, 128, 0}},
    {"broadcast/policy:none/mode:classic/load:ready/subscribers:1/concurrency:1/workers:1",
     101.4,
     {0, 141, -16, 150, -291}},
    {"broadcast/policy:none/mode:classic/load:ready/subscribers:1000/concurrency:1/workers:1",
     28.45,
     {-24, -3, 0, 67, 34}},
    {"broadcast/policy:none/mode:prompt/load:ready/subscribers:1/concurrency:1/workers:2",
     104.2,
     {309, 26, 0, -29, -15}},
    {"broadcast/policy:none/mode:prompt/load:ready/subscribers:1000/concurrency:1/workers:1",
     30.58,
     {-43, 386, -5, 38, 0}},
    {"broadcast/policy:timer/mode:classic/load:ready/subscribers:1/concurrency:1/workers:2",
     225.7,
     {-100, 203, 0, 242, -69}},
    {"broadcast/policy:timer/mode:classic/load:ready/subscribers:1000/concurrency:1/workers:1",
     68.65,
     {-32, -35, 342, 15, 0}},
    {"broadcast/policy:timer/mode:prompt/load:ready/subscribers:1/concurrency:1/workers:1",
     154,
     {-76, 0, -81, 102, 77}},
    {"broadcast/policy:timer/mode:prompt/load:ready/subscribers:100/concurrency:8/workers:2",
     166.4,
     {56, -55, -149, 41, 0}},
    {"channel/element:4096/workers:1", 124, {-71, 304, -60, 0, 185}},
    {"channel/spsc/capacity:128/workers:1", 9.518, {-16, -35, 106, 442, 0}},
    {"scaling/broadcast/policy:deadline/workers:2", 22.26, {192, -260, -239, 0, 174}},
    {"select/block/cases:8/workers:2", 257.1, {-15, 0, 167, -31, 3}},
    {"spawn/join/batch:1000/workers:1", 44.88, {0, 20, -29, 8, -56}},
    {"timer/fire/due:100000/workers:2", 144.7, {-429, 22, 0, -11, 232}},
    {"timer/start_stop/pending:100000/workers:1", 37.41, {-177, 105, -156, 0, 69}},
};

#endif
