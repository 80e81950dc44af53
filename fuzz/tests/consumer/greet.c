/* Two tasks and a channel, from the installed package; its headers and library are of the version it says. */
#include <string.h>
#include <weir.h>

static void greet(void *words) {
  weir_chan_send(words, &(const char *){"hello"});
  weir_chan_close(words);
}

static int program(void *arg) {
  (void)arg;
  const char *word = NULL;
  weir_chan *words = weir_chan_new(sizeof word, 0);
  weir_go(greet, words);
  const int error = weir_chan_recv(words, &word);
  weir_chan_unref(words);
  return error != 0 || strcmp(word, "hello") != 0;
}

int main(void) {
  if (strcmp(weir_version(), VERSION) != 0 || strcmp(WEIR_VERSION_STRING, VERSION) != 0)
    return 2;
  return weir_run(NULL, program, NULL);
}
