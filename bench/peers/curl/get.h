/* get.h — GETs of one URL by bare libcurl: the multi interface's socket actions on an epoll loop of our own.
 *
 * Nothing that is not needed: an easy handle for each GET under way, given back to libcurl as soon as it is done; the
 * connections are libcurl's to keep; the body is copied into a buffer, as a caller has it from a client. The options
 * are those that Weir's client sets (runtime/http/handle.c) as far as they have to do with what is sent or kept, or
 * make a request cheaper: the URL is parsed once, the user agent stands in the list of headers, no proxy is looked for.
 *
 * A GET is due at a fixed time or, without a rate, as soon as a handle is free; it starts when both is so. */
#ifndef PEER_CURL_GET_H
#define PEER_CURL_GET_H

#include <stdbool.h>
#include <stdint.h>

struct getter;

/* What is asked for. */
struct target {
  const char *url;
  const char *ca_file; /* certificates to trust; NULL: the system's */
  int64_t bytes;
  bool fresh; /* each over a new connection: Connection: close */
};

struct get_result {
  int64_t ns;          /* wall time */
  int64_t cpu_ns;      /* processor time of the process, the kernel's part included */
  int64_t count;       /* GETs whose whole body was copied, with status 200 */
  int64_t connections; /* opened */
  const char *failure; /* NULL: every GET succeeded */
};

/* So many GETs at a time. NULL without memory or descriptors. target is borrowed until getter_free. */
struct getter *getter_new(const struct target *target, int concurrency);
void getter_free(struct getter *getter);

/* Does count GETs on the connections that are kept, or on new ones. With a rate, so many are due a second, and
 * latencies (count of them; NULL without a rate) are filled in: nanoseconds from that time until the body's end. */
struct get_result getter_run(struct getter *getter, int64_t count, int64_t rate, int64_t *latencies);

#endif
