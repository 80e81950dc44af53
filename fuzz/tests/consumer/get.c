/* The HTTP client, from the installed package: a GET of a port where nobody listens. */
#include <errno.h>
#include <weir.h>
#include <weir/http.h>

static int program(void *arg) {
  (void)arg;
  weir_http *client = weir_http_new(NULL);
  weir_response *response;
  int error = weir_http_get(client, "http://127.0.0.1:1/", &response);
  weir_http_free(client);
  return error == -ECONNREFUSED ? 0 : 1;
}

int main(void) {
  return weir_run(NULL, program, NULL);
}
