/* get.h — GETs of one URL by bare libcurl: the multi interface's socket actions on an epoll loop of our own.
 *
 * Nothing that is not needed: an easy handle for each GET under way, given back to libcurl as soon as it is done; the
 * connections are libcurl's to keep; the body is copied into a buffer, as a caller has it from a client. The options are
 * those that Weir's client sets (runtime/http/transfer.c) as far as they have to do with what is sent or kept, or make a
 * request cheaper: the URL is parsed once, the user agent stands in the list of headers, no proxy is looked for. */
#ifndef PEER_CURL_GET_H
#define PEER_CURL_GET_H

#include <stdint.h>

struct getter;

struct get_result {
  int64_t ns;          /* wall time */
  int64_t cpu_ns;      /* processor time of the process, the kernel's part included */
  int64_t count;       /* GETs whose whole body was copied, with status 200 */
  int64_t connections; /* opened */
  const char *failure; /* NULL: every GET succeeded */
};

/* So many GETs at a time. NULL without memory or descriptors. */
struct getter *getter_new(const char *url, int concurrency);
void getter_free(struct getter *getter);

/* Does count GETs on the connections that are kept, or on new ones. */
struct get_result getter_run(struct getter *getter, int64_t count);

#endif
