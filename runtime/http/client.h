/* client.h — the inside of a client: what its files share.
 *
 *   http.h → request.c (the calling task: names, redirects, deadlines) → transfer.c, handle.c (an easy handle: callbacks,
 *   options) → driver.c (the multi handle) → connection.c (sockets, the reader, the writer) and back: body → response.c
 *
 * Invariants:
 *   - Everything below a client belongs to its home worker; a calling task visits it (host.h). There are no locks but
 *     the one for the choice of a home.
 *   - libcurl is entered in errands only (or where no task runs): on the worker's own stack, never from a callback.
 *     A callback changes fields, wakes tasks and makes tasks; nothing in it blocks.
 *   - After every entry driver_settle reads all messages, lets time 0 pass, and asks libcurl for its next time.
 *   - A connection is two tasks from its socket's opening to its closing. libcurl is told of readiness by them alone: the
 *     reader of input, the writer of output.
 *   - A transfer with a body is paused at the body's first byte and goes on only while a task reads: so it is not
 *     finished, and its connection not free, before the caller has had the last byte.
 *   - A client's run ends with its tasks: in the next run, or outside, what libcurl still has of it is taken down first
 *     (client_enter), and its responses are at -ECANCELED.
 *
 *   - At a simulation's end every client that was used in it is taken down, and what was made in it is freed, clients
 *     included (simulated.c).
 *
 * Rejected: one multi handle a connection (exact control of the pool, but 30 KB and three descriptors each); libcurl's
 * CURLOPT_FOLLOWLOCATION, decoding, resolver and timeouts (a stalled body holds a redirect up, a cut gzip stream is a
 * success, removing a handle waits for the DNS, and a stage has no deadline); a dup of each socket for as long as it is
 * open (twice the descriptors; until it is established there is one).
 */
#ifndef WEIR_HTTP_CLIENT_H
#define WEIR_HTTP_CLIENT_H

#include "head.h"
#include "host.h"
#include "run.h"

#include <weir/http.h>
#include <weir/timer.h>

#include <curl/curl.h>

struct decoder;
struct lookup;

enum { SPARE_TRANSFERS_MOST = 64, ORIGIN_BUCKETS = 256, PIECE = CURL_MAX_WRITE_SIZE, HEADER_BYTES_MOST = 256 * 1024 };

/* Where one task waits for the client's worker. */
struct await {
  struct wait_queue queue;
  weir_chan *signal; /* the same, of a task that also waits for a context */
};

/* Scheme, host and port: what connections are kept for. */
struct origin {
  struct origin *next; /* in its bucket */
  uint32_t references; /* of connections, transfers and lookups */
  unsigned active;     /* transfers in libcurl's hands */
  unsigned idle_count;
  struct connection *idle; /* the latest first */
  uint16_t port;
  bool numeric; /* the host is an address */
  bool tls;
  struct lookup *lookup; /* under way */
  char *addresses;       /* "host:port:address,…", or NULL: not resolved */
  int64_t resolved_at;
  char *host;  /* inside name's block; without brackets */
  char name[]; /* "https://host:port" */
};

struct connection {
  struct connection *next; /* idle ones of its origin; attempts of its transfer */
  struct connection *previous;
  struct weir_http *client;
  struct origin *origin;
  struct transfer *transfer; /* that has it; NULL: idle */
  int fd;                    /* -1: closed */
  int kept;                  /* the socket that belongs there, while libcurl must have another one; -1 */
  int watched;               /* what its tasks wait for: fd, or a duplicate until it is established; -1: nothing yet */
  int wants;                 /* CURL_POLL_…, of libcurl */
  uint64_t inode;
  uint64_t number; /* the client's first is 1 */
  int port;        /* of its end here, when it was established; 0: none */
  bool established;
  bool idle; /* counted as such */
  unsigned tasks;
  unsigned stuck;  /* wake-ups in a row from which libcurl had nothing */
  bool counted;    /* the system says how much has been received: TCP */
  bool read_known; /* read is */
  uint64_t read;   /* before the request that is under way, by the answers' framing */
  uint64_t seen;   /* the most that libcurl was seen to have read without a word */
  int64_t idle_since;
  int64_t quiet_until;         /* the writer parks until then */
  struct wait_queue parked[2]; /* the reader, and the writer, with nothing to do */
  uint32_t book;
  uint32_t site;
  uint32_t stamp; /* of its making: books.h */
  uint32_t birth;
  uint8_t book_home;
};

enum { READER, WRITER };

struct transfer {
  CURL *easy;
  struct transfer *next; /* spare, or under way */
  struct transfer *previous;
  struct weir_http *client;
  struct weir_response *response; /* NULL: spare */
  struct origin *origin;
  struct connection *connection;      /* the one it uses; NULL before and after */
  struct connection *attempts;        /* sockets opened for it that are not established */
  const struct weir_request *request; /* while weir_http_do goes on */
  struct curl_slist *headers;
  struct curl_slist *addresses;
  char *url; /* that the handle has */
  CURLU *parsed;
  bool plain; /* nothing but the URL differs from a new one */
  bool repeatable;
  bool head_method;
  bool sent;       /* the request has been handed to libcurl as a whole */
  bool over;       /* whatever libcurl still wants to do */
  bool unended;    /* the body ends with the TLS connection, of which the server has not said that it ends */
  bool asked;      /* libcurl has wanted some of the request's body */
  bool declined;   /* the server has answered instead of 100 Continue: nobody wants it */
  bool hungry;     /* libcurl waits for more of it */
  bool discarding; /* the body: of a redirect, or of a response that is being closed */
  bool paused;
  bool in_multi;
  bool waiting; /* for a connection to be allowed */
  struct transfer *next_waiting;
  unsigned times;        /* that it was sent */
  size_t raw;            /* bytes that were there to be read, where they are not counted */
  size_t silent;         /* of them, since the last line or piece of body */
  uint64_t silent_since; /* read from the connection when silence was first seen; 0 */
  uint64_t received;     /* read from the connection when libcurl closed it */
  uint64_t taken;        /* of the body */
  uint64_t uploaded;
  const char *upload; /* what is left of the body, or of a piece of it, to be sent */
  size_t upload_size;
  bool upload_ended;
  int no_socket; /* why an address got none; 0 */
  bool tried;    /* there was one, to connect */
  char *salvage; /* what came before the server refused to read on; NULL */
  size_t salvage_size;
  char text[CURL_ERROR_SIZE];
};

struct weir_response {
  struct weir_http *client;
  struct transfer *transfer; /* NULL: over */
  struct head head;
  char *url;
  struct weir_http_failure failure; /* its stage is the request's */
  int64_t stage_since;
  struct await caller;
  int64_t armed; /* the deadline with which the calling task waits */
  bool ended;    /* the body is complete */
  bool bodiless;
  uint32_t reading; /* generation of the run in which a task reads; 0: none */
  bool unexpecting; /* an expectation (100-continue) has failed: none is sent again */
  bool uploading;   /* libcurl has had some of the request's body */
  char *into;       /* where the reading task wants the body; NULL: nobody reads */
  size_t want;
  size_t got;
  char *spill; /* a piece that did not fit, or what is to be decoded */
  size_t spill_size;
  size_t spill_used;
  char *piece; /* of a request's body that comes from a function, which may write to it after the transfer's end */
  struct decoder *decoder;
  uint64_t arrived; /* bytes of the body */
  uint64_t decoded;
  int64_t deadline; /* of the whole request */
  weir_context *context;
  int64_t window_left; /* nanoseconds of waiting until the rate is judged */
  uint64_t window_arrived;
  uint32_t book;
  uint32_t site;
  uint32_t stamp; /* of its making: books.h */
  uint32_t birth;
  uint8_t book_home;
};

struct weir_http {
  struct port_lock lock; /* of home and generation, while they are chosen */
  uint32_t references;   /* the handle, each response and task, and requests on their way to its worker */
  struct weir_http_config config;
  uint32_t site;
  uint32_t generation; /* of the run whose tasks it has; 0: none */
  uint8_t home;
  bool held; /* weir_http_free has not come to its end */
  bool closing;
  bool soon;     /* libcurl wants time 0 to pass */
  bool stranded; /* a transfer has lost its last attempt to connect: see driver.c */
  bool starved;  /* it had no memory for something */
  CURLM *multi;
  CURL *purger;
  int dead; /* a descriptor that says it is closed */
  weir_timer *alarm;
  int64_t alarm_at;                /* WEIR_FOREVER: not set */
  unsigned alarms;                 /* armed, or their tasks have not run */
  uint32_t alarm_run;              /* generation of the run they belong to */
  struct connection **connections; /* by the number of the socket */
  size_t numbers;                  /* of its places */
  size_t tasks;
  struct wait_queue ended; /* waits for tasks == 0, or fewer */
  struct transfer *spare;
  unsigned spare_count;
  struct transfer *under_way;
  struct transfer *starting; /* for which it has just been made sure that kept connections are silent */
  unsigned active;           /* of them, those in libcurl's hands */
  bool room;                 /* there may be, for one that waits */
  struct {
    struct transfer *first, *last;
  } waiting;
  struct origin *origins[ORIGIN_BUCKETS];
  struct weir_http *next_simulated; /* used in the simulation that is active */
  bool simulated;                   /* it is in that list */
  uint32_t birth;                   /* the simulation it was made in; 0: none */
  char *last_url;                   /* and what it led to, with a reference */
  struct origin *last_origin;
  struct curl_slist *plain_headers;
  struct weir_http_counts counts;
};

/* Such a duration after that time; WEIR_FOREVER stays. */
static inline int64_t later(int64_t since, int64_t duration) {
  int64_t sum;
  return duration == WEIR_FOREVER || __builtin_add_overflow(since, duration, &sum) ? WEIR_FOREVER : sum;
}

/* ---- client.c ------------------------------------------------------------------------------------------------- */

/* The calling task comes to the client's home; a client from an earlier run is taken down first, and finds a new home.
 * 0, -ENOTSUP (several virtual workers), -ENOMEM or -EMFILE; end it with host_visit_end also after an error. One that is
 * being freed is not begun again: it has no multi handle; nor has one where no task runs, whose memory is no longer there
 * to be read and written. */
int client_enter(struct weir_http *client, struct host_visit *visit);

/* Drops a reference; the last frees it. No connection is left. */
void client_unref(struct weir_http *client);

/* ---- simulated.c ------------------------------------------------------------------------------------------------ */

/* The client is used, or made, in a simulation; it is no more. */
void simulated_add(struct weir_http *client);
void simulated_remove(struct weir_http *client);

/* ---- driver.c --------------------------------------------------------------------------------------------------- */

/* The multi handle of a client that has none. 0, -ENOMEM or -EMFILE. */
int driver_begin(struct weir_http *client);
/* Ends all transfers (-ECANCELED) and connections. */
void driver_end(struct weir_http *client);
/* Tells libcurl of a socket, or of time (CURL_SOCKET_TIMEOUT), and settles. */
void driver_act(struct weir_http *client, curl_socket_t fd, int events);
/* After every other entry into libcurl. */
void driver_settle(struct weir_http *client);
/* Has libcurl find out which kept connections of an origin are closed. */
void driver_purge(struct weir_http *client, const struct origin *origin);

/* ---- connection.c ----------------------------------------------------------------------------------------------- */

/* libcurl's callbacks about sockets. */
curl_socket_t connection_open(void *transfer, curlsocktype purpose, struct curl_sockaddr *address);
int connection_options(void *transfer, curl_socket_t fd, curlsocktype purpose);
int connection_close(void *client, curl_socket_t fd);
int connection_wants(CURL *easy, curl_socket_t fd, int what, void *client, void *unused);

/* The transfer's request is about to be sent: on a new connection, and sockets that lost the race to connect are gone;
 * or on a kept one, whose end here has that port. False: the kept one has said something unasked meanwhile, and is
 * retired: libcurl finds it closed, and takes another. */
bool connection_found(struct transfer *transfer, int port);
/* The transfer is over and removed: its connection is idle, or gone. */
void connection_released(struct transfer *transfer);
/* Closes a kept connection, whatever libcurl thinks; its tasks end. driver_purge tells libcurl. */
void connection_retire(struct connection *connection);
/* The same, with driver_purge, if the connection is kept. */
void connection_drop(struct connection *connection);
/* Before a kept connection of an origin can be used again: retires those that say something unasked. True: some. */
bool connections_check(struct weir_http *client, struct origin *origin);
/* Retires the one that has been idle for longest; there is one. */
void connection_retire_oldest(struct weir_http *client);
/* Retires all that are idle. */
void connections_retire_idle(struct weir_http *client);

/* ---- connected.c ------------------------------------------------------------------------------------------------ */

/* Before libcurl is given a connected socket: may put another one in its place. 0, or a negative errno. */
int connected_keep(struct connection *connection, struct curl_sockaddr *address);
/* libcurl has connected what it was given: the socket takes its place. */
void connected_put_back(struct connection *connection);
/* The same, for CURLOPT_SSL_CTX_FUNCTION. */
CURLcode connected_tls(CURL *easy, void *context, void *transfer);

/* ---- tls.c ------------------------------------------------------------------------------------------------------ */

/* There are bytes between the socket and libcurl, or may be. In a callback of the handle. */
bool tls_holds_bytes(CURL *easy);
/* The server has said that nothing more comes, or may have. */
bool tls_was_ended(CURL *easy);

/* ---- silence.c -------------------------------------------------------------------------------------------------- */

/* A socket is there: does the system count? */
void silence_begin(struct connection *connection);
/* Before libcurl is told of input for a transfer. */
void silence_count(struct connection *connection);
/* After it: fails the transfer that has read too much of nothing. */
void silence_judge(struct connection *connection);
/* The connection of a transfer is about to be closed. */
void silence_end(struct connection *connection);
/* A request is about to be sent on the transfer's connection; its answer is complete, and the connection kept. */
void silence_request(struct transfer *transfer);
void silence_answer(const struct transfer *transfer);
/* More than the answer's head has been read, or may have been. */
bool silence_more_than_head(const struct transfer *transfer);

/* ---- salvage.c -------------------------------------------------------------------------------------------------- */

/* The transfer's socket is about to be closed: what came on it meanwhile is kept, if it can be an answer. */
void salvage_read(struct transfer *transfer, int fd);
/* The transfer has ended without an answer: what was kept becomes it, if it is one. */
bool salvage_answer(struct transfer *transfer);

/* ---- handle.c --------------------------------------------------------------------------------------------------- */

/* A transfer for a request, spare or new; NULL without memory. */
struct transfer *transfer_take(struct weir_response *response, const struct weir_request *request,
                               struct origin *origin);
/* It is over and no longer libcurl's: it becomes spare, or is freed. */
void transfer_give(struct transfer *transfer);
void transfer_free(struct transfer *transfer);
/* Appends what a client says of itself, unless the request does. False without memory. */
bool transfer_usual_headers(struct weir_http *client, const struct weir_request *request, struct curl_slist **list);
/* Whether the client asks for a content coding, and undoes it. */
bool request_decoded(const struct weir_http *client, const struct weir_request *request);
/* The value of the request's first header of that name, in any case; NULL, also without a request. */
const char *request_field(const struct weir_request *request, const char *name);

/* ---- transfer.c ------------------------------------------------------------------------------------------------- */

/* Tells its handle of the callbacks. */
void transfer_set_callbacks(struct transfer *transfer);
/* Enters, and leaves, libcurl's hands. start: 0 or a negative errno. */
int transfer_start(struct transfer *transfer);
/* It has been admitted. */
int transfer_enter(struct transfer *transfer);
void transfer_stop(struct transfer *transfer);
/* libcurl says that it is over. */
void transfer_done(struct transfer *transfer, CURLcode code);
/* False when it was sent before, and must not be sent again: it has failed, or is over. */
bool transfer_may_be_sent(struct transfer *transfer);
/* A line of a head, or of trailers: false when the transfer fails, which is said. */
bool transfer_take_line(struct transfer *transfer, const char *line, size_t length);
/* It moves on: deadlines count from now. */
void transfer_enter_stage(struct transfer *transfer, enum weir_http_stage stage);
/* Lets libcurl go on with a paused body, or request. */
void transfer_resume(struct transfer *transfer);
/* When the stage that a request is in has taken too long, or all of it has. */
int64_t response_deadline(const struct weir_response *response);
/* libcurl tries the next address if there is one. */
void transfer_nudge(struct transfer *transfer);
/* Fails it for good, from a callback or not. */
int transfer_fail(struct transfer *transfer, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- queue.c ---------------------------------------------------------------------------------------------------- */

/* The limits on connections let a transfer go on now: it counts until it is released. */
bool queue_admits(struct transfer *transfer);
void queue_release(struct transfer *transfer);
/* It waits until it is; gives up. */
void queue_enter(struct transfer *transfer);
void queue_leave(struct transfer *transfer);
/* Lets the first that may go on do so: true. libcurl must find its connection before the next one is looked at. */
bool queue_serve(struct weir_http *client);

/* ---- response.c ------------------------------------------------------------------------------------------------- */

/* NULL without memory. */
struct weir_response *response_new(struct weir_http *client, uint32_t site);
void response_free(struct weir_response *response);
/* Keeps what nobody has asked for yet: at most a PIECE. False without memory. */
bool response_keep(struct weir_response *response, const char *data, size_t size);
/* The calling task waits for the server until something happens: 0, or the failure's error, when time is over or the
 * context is done. */
int response_wait(struct weir_response *response);
/* Ends what is under way. */
void response_stop(struct weir_response *response);
/* Lets what is paused go on. */
void response_resume(struct weir_response *response);

/* ---- origin.c --------------------------------------------------------------------------------------------------- */

/* The origin of a URL, with a reference. 0; -EINVAL, -EPROTONOSUPPORT or -ENOMEM. */
int origin_of(struct weir_http *client, const char *url, struct origin **origin);
void origin_unref(struct weir_http *client, struct origin *origin);
/* All of them: nobody uses the client any more, but tasks that never came to their end may have kept some. */
void origins_free(struct weir_http *client);

/* Has the origin's name resolved, if that is needed: blocks the calling task until then, until the deadline, or until
 * the context is done. 0; -ETIMEDOUT, -ECANCELED, or what the resolver said. */
int origin_resolve(struct weir_http *client, struct origin *origin, int64_t deadline, weir_context *context);
/* Whoever waits for a name goes on with -ECANCELED; the lookups end by themselves. */
void origins_give_up(struct weir_http *client);

/* ---- await.c ---------------------------------------------------------------------------------------------------- */

/* Blocks the calling task until it is woken, until the deadline, or until the context, which may be NULL, is done. 0 also
 * for a wake-up that came before; -ETIMEDOUT, the context's error, or -ENOMEM. */
int await(struct await *await, int64_t deadline, weir_context *context);
void await_wake(struct await *await);
void await_end(struct await *await);

#endif
