/* weir/http.h — an HTTP/1.1 client on libcurl, in libweir_http (pkg: libcurl4-openssl-dev, zlib1g-dev).
 *
 *     weir_http *client = weir_http_new(NULL);
 *     weir_response *response;
 *     int error = weir_http_get(client, "https://example.org/", &response);
 *     if (error == 0) {
 *       while ((got = weir_response_read(response, buffer, sizeof buffer)) > 0)
 *         …
 *       weir_response_close(response);                       // always, also after the end and after an error
 *     }
 *     weir_http_free(client);
 *
 * A response whose body is not empty holds its connection until the body has been read to its end, or until it is
 * closed: as in Go, an unread body that nobody closes pins a connection, and the connection's two tasks, for ever.
 *
 * A client belongs to the worker that uses it first in a run; calls from others go there and come back. It may be used in
 * one run after another; its connections end with each. In a simulation it needs one virtual worker (.workers = 1).
 *
 * Results, where a function can fail with more than its own comment says (struct weir_http_failure tells the rest):
 *   -EINVAL           the URL, the method, a header or an option makes no sense
 *   -EPERM            called outside a task, or inside a deferred function
 *   -EADDRNOTAVAIL    the host's name could not be resolved
 *   -ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH, …   no connection: what the system said
 *   -EKEYREJECTED     the server's certificate is not to be trusted, or is not for this host
 *   -ECONNRESET       the server closed or reset the connection before the answer was complete
 *   -ENODATA          the server ended the body, or a compressed stream in it, before its end
 *   -EPROTO           not HTTP as it should be, or a TLS handshake that failed
 *   -EBADMSG          a content coding that is unknown or damaged; a range that was not asked for
 *   -EMSGSIZE         headers, trailers or chunk extensions beyond the client's limit
 *   -EFBIG            a body beyond the client's limit, in size or in rate of compression
 *   -ELOOP            too many redirects
 *   -EPROTONOSUPPORT  neither http nor https, also in a redirect
 *   -EIO              the connection is ready again and again, and nothing comes of it
 *   -ETIMEDOUT, -ECANCELED, -ENOMEM, -EMFILE
 */
#ifndef WEIR_HTTP_H
#define WEIR_HTTP_H

#include <weir/base.h>
#include <weir/context.h>

#include <sys/socket.h>
#include <sys/types.h>

WEIR_BEGIN

typedef struct weir_http weir_http;
typedef struct weir_response weir_response;

/* ---- the simple interface ------------------------------------------------------------------------------------- */

struct weir_http_config;

/* A client; config may be NULL: all defaults. NULL without memory, or when an option makes no sense. The caller's, to be
 * freed with weir_http_free. Any context; does not block. SIGPIPE is set to be ignored if nobody handles it. */
#define weir_http_new(...) weir_http_new_at(__VA_ARGS__, __FILE__, __LINE__) /* (config) */

/* Ends every request of the client (-ECANCELED), closes its connections and frees it; returns only after the
 * connections' tasks have ended. Responses stay the caller's to close. Accepts NULL. From a task, which it may block, or
 * outside a run; the only caller. */
WEIR_API void weir_http_free(weir_http *client);

/* Closes the connections that no response holds, and returns after their tasks have ended. From a task, which it may
 * block; nothing outside a run. */
WEIR_API void weir_http_close_idle(weir_http *client);

/* Sends a GET and blocks until the headers of the answer are here, redirects followed. 0 and a response of whatever
 * status, the caller's to close; or a negative errno (above), and *response is NULL. */
#define weir_http_get(...) weir_http_get_at(__VA_ARGS__, __FILE__, __LINE__) /* (client, url, response) */

/* The status: 200, 404, … */
WEIR_API int weir_response_status(const weir_response *response);

/* The value of the first header of that name, in any case; NULL when there is none. Borrowed from the response. */
WEIR_API const char *weir_response_header(const weir_response *response, const char *name);

/* Blocks until some of the body is here. Returns how many bytes, 0 at the end, or a negative errno, now and for ever.
 * Content codings that the client itself asked for (gzip, deflate) are undone. One task at a time: another gets -EBUSY. */
WEIR_API ssize_t weir_response_read(weir_response *response, void *buffer, size_t size);

/* Frees the response. A body that was not read to its end costs the connection, unless what is left of it has come
 * already and is small. 0, or -EINVAL for NULL, -EBUSY while another task reads. Also in a deferred function, and after
 * the run or the client has ended. Does not block. */
WEIR_API int weir_response_close(weir_response *response);

/* ---- requests --------------------------------------------------------------------------------------------------- */

struct weir_header {
  const char *name;
  const char *value;
};

/* How far a request came. */
enum weir_http_stage {
  WEIR_HTTP_QUEUED = 0, /* waiting for a connection: the client's limits are reached */
  WEIR_HTTP_RESOLVE,    /* the host's name */
  WEIR_HTTP_CONNECT,    /* TCP */
  WEIR_HTTP_TLS,        /* the handshake */
  WEIR_HTTP_SEND,       /* the request's body */
  WEIR_HTTP_FIRST_BYTE, /* nothing of the answer has come */
  WEIR_HTTP_HEADERS,
  WEIR_HTTP_BODY,
};

/* The stage's name as in sentences: "connecting", … */
WEIR_API const char *weir_http_stage_name(enum weir_http_stage stage);

struct weir_http_failure {
  int error; /* the negative errno, or 0 */
  enum weir_http_stage stage;
  char message[192]; /* a sentence: what, where, and why */
};

/* Zero in every field but the URL is a GET. All pointers are borrowed until weir_http_do returns. */
struct weir_request {
  const char *url;
  const char *method; /* NULL: GET, or POST with a body */
  const struct weir_header *headers;
  size_t header_count;
  const void *body;  /* of body_size bytes, in memory */
  int64_t body_size; /* with read_body: -1 when it is not known, which sends it in chunks */
  /* Instead of body: called in the calling task, which it may block; returns how many bytes it wrote to the buffer, 0 at
   * the end, or a negative errno, which ends the request. */
  ssize_t (*read_body)(void *context, void *buffer, size_t size);
  void *body_context;
  weir_context *context;             /* the request ends when it is done; NULL */
  int64_t timeout;                   /* nanoseconds for all of it, body included; 0: the client's */
  int max_redirects;                 /* 0: the client's; -1: none is followed */
  struct weir_http_failure *failure; /* filled in when the result is not 0; NULL */
};

/* Sends the request and blocks until the headers of the answer are here. 0 and a response, the caller's to close; or a
 * negative errno, and *response is NULL. A request that may be repeated (GET, HEAD, OPTIONS, TRACE, PUT, DELETE) is sent
 * once more when a kept connection turns out to be closed; one whose expectation fails (417), without it. */
#define weir_http_do(...) weir_http_do_at(__VA_ARGS__, __FILE__, __LINE__) /* (client, request, response) */

/* The URL that answered, after redirects; borrowed from the response. */
WEIR_API const char *weir_response_url(const weir_response *response);

/* Header number index, in the order in which they came: true and borrowed strings, or false. */
WEIR_API bool weir_response_header_at(const weir_response *response, size_t index, struct weir_header *header);

/* Why weir_response_read failed; .error is 0 while it has not. Borrowed from the response. */
WEIR_API const struct weir_http_failure *weir_response_failure(const weir_response *response);

/* ---- control ---------------------------------------------------------------------------------------------------- */

/* Zero in every field is the default, which is in brackets. Durations in nanoseconds; WEIR_FOREVER: no limit. */
struct weir_http_config {
  int64_t resolve_timeout;    /* [10 s] */
  int64_t connect_timeout;    /* TCP [30 s] */
  int64_t tls_timeout;        /* the handshake [10 s] */
  int64_t first_byte_timeout; /* from the request's last byte to the answer's first [60 s] */
  int64_t header_timeout;     /* from then to the end of the headers [30 s] */
  int64_t timeout;            /* the whole request, body included [none] */
  /* The body, either way, must move by so many bytes [1] in every window of so many nanoseconds [60 s] in which the
   * client waits for the server: time that the caller takes does not count. */
  uint64_t minimum_rate;
  int64_t rate_window;
  unsigned max_connections;          /* in all [none]; a request that would need one more waits */
  unsigned max_connections_per_host; /* [none] */
  unsigned max_idle;                 /* kept connections in all [100] */
  unsigned max_idle_per_host;        /* [2] */
  int64_t idle_timeout;              /* of a kept connection [90 s] */
  size_t max_header_bytes;           /* informational answers and trailers included [256 KiB, which is the most] */
  uint64_t max_body_bytes;           /* as they arrive [none] */
  uint64_t max_decoded_bytes;        /* after decompression [1 GiB] */
  unsigned max_decoded_ratio;        /* decoded to arrived, beyond the first MiB [200] */
  unsigned max_redirects;            /* [10] */
  bool no_decoding;                  /* do not ask for a coding, and undo none */
  bool insecure;                     /* believe any certificate */
  const char *ca_file;               /* certificates to trust instead of the system's; PEM; copied */
  const char *user_agent;            /* [weir/VERSION]; copied */
  /* Instead of getaddrinfo; on a helper thread, where it may block. Writes at most count addresses (the port is filled
   * in later) and returns how many, or a negative errno. */
  int (*resolve)(void *context, const char *host, struct sockaddr_storage *addresses, int count);
  void *resolve_context;
  /* Instead of socket(2); on the worker's own stack: must not block. Returns a descriptor, which becomes the client's, or
   * a negative errno. With connected_sockets it is connected already, and address only tells to whom. */
  int (*open_socket)(void *context, const struct sockaddr *address, socklen_t length);
  void *open_socket_context;
  bool connected_sockets;
};

struct weir_http_counts {
  uint64_t requests;    /* sent, redirects and repetitions included */
  uint64_t connections; /* opened */
  uint64_t repeated;    /* requests sent once more because a kept connection was closed */
  uint64_t dropped;     /* kept connections closed because the server closed them, or spoke unasked */
  size_t open;          /* connections now */
  size_t idle;          /* of these, held by no response */
};

/* What the client has done so far. From a task or outside a run. Does not block. */
WEIR_API struct weir_http_counts weir_http_counts(weir_http *client);

WEIR_API weir_http *weir_http_new_at(const struct weir_http_config *config, const char *file, int line);
WEIR_API int weir_http_get_at(weir_http *client, const char *url, weir_response **response, const char *file, int line);
WEIR_API int weir_http_do_at(weir_http *client, const struct weir_request *request, weir_response **response,
                             const char *file, int line);

WEIR_END

#endif
