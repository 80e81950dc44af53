/* hello.c — two tasks, a channel, and a select with a deadline. */
#include <errno.h>
#include <stdio.h>
#include <weir.h>

static void greeter(void *arg) {
  static const char *const words[] = {"hello", "from", "a task"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    weir_chan_send(arg, &words[i]);
  weir_chan_close(arg);
}

static int program(void *arg) {
  (void)arg;
  const char *word;
  weir_chan *words = weir_chan_new(sizeof word, 0);
  weir_go(greeter, words);
  struct weir_case cases[] = {WEIR_RECV(words, &word)};
  while (weir_select(cases, 1, weir_now() + WEIR_SECOND) == 0 && cases[0].status != -EPIPE)
    puts(word);
  weir_chan_unref(words);
  return 0;
}

int main(void) {
  return weir_run(NULL, program, NULL);
}
