/* failure.h — why a request failed, in a sentence and a negative errno. The first reason stays. */
#ifndef WEIR_HTTP_FAILURE_H
#define WEIR_HTTP_FAILURE_H

#include <weir/http.h>

#include <curl/curl.h>

/* Sets it unless it is set. Returns the error that stands in it. */
int failure_set(struct weir_http_failure *failure, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for what libcurl says of a transfer; text is its own sentence, or "", and received is what
 * had come on its connection, which is closed; else 0. */
int failure_set_curl(struct weir_http_failure *failure, CURL *easy, CURLcode code, const char *text, uint64_t received);

#endif
