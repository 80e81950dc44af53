/* headers_test.c — the headers from C and from C++. That each compiles alone, in either language and without a warning,
 * is shown by this program's being built: CMakeLists.txt adds a file a header and language. Here the macros are used.
 */
#include "run.h"

/* headers_test_cxx.cc */
int cxx_select_body(void *arg);
int cxx_broadcast_body(void *arg);

static int c_select_body(void *arg) {
  (void)arg;
  const int sent = 11; /* a const value may be sent */
  int received = 0;
  weir_chan *c = weir_chan_new(sizeof(int), 1);
  struct weir_case send = WEIR_SEND(c, &sent);
  struct weir_case receive = WEIR_RECV(c, &received);
  struct weir_case both[] = {WEIR_RECV(NULL, NULL), WEIR_SEND(NULL, NULL)};
  CHECK_EQ_INT(weir_select(&send, 1, WEIR_POLL), 0);
  CHECK_EQ_INT(weir_select(&receive, 1, WEIR_POLL), 0);
  CHECK_EQ_INT(weir_select(both, 2, WEIR_POLL), -ETIMEDOUT);
  CHECK_EQ_INT(received, 11);
  weir_chan_unref(c);
  return 0;
}

static void select_initialisers_in_c(void) {
  run_everywhere(c_select_body, NULL);
}

static void select_initialisers_in_cxx(void) {
  run_everywhere(cxx_select_body, NULL);
}

static void everything_in_cxx(void) {
  run_everywhere(cxx_broadcast_body, NULL);
}

static const struct check_case cases[] = {
    CHECK_CASE(select_initialisers_in_c),
    CHECK_CASE(select_initialisers_in_cxx),
    CHECK_CASE(everything_in_cxx),
};

CHECK_MAIN(cases)
