/* review_connection_test.c — the same, of connections and of when libcurl looks at them. */
#include "review_peer.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { BODY = 20000 };

static weir_chan *gate;
static weir_http *shared;
static weir_chan *answer_it;

/* ---- connections ------------------------------------------------------------------------------------------------ */

static int one_name(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  (void)context, (void)host, (void)count;
  *(struct sockaddr_in *)addresses =
      (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  return 1;
}

static int names_asked;

static int counted_name(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  __atomic_fetch_add(&names_asked, 1, __ATOMIC_RELAXED);
  return one_name(context, host, addresses, count);
}

/* libcurl keeps one connection for both: what guards its use must know it under both. */
static int letter_case_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(two_bytes, NULL);
  weir_http *client = weir_http_new((&(struct weir_http_config){.resolve = counted_name}));
  static const char *const hosts[] = {"weir.test", "WEIR.test", "Weir.Test"};
  for (int i = 0; i < 3; i++) {
    char url[64];
    snprintf(url, sizeof url, "http://%s%s", hosts[i], strrchr(peer.url, ':'));
    get_whole(client, url, 2);
  }
  CHECK_EQ_INT(weir_http_counts(client).connections, 1);
  CHECK_EQ_INT(names_asked, 1);
  weir_http_free(client);
  return 0;
}

static void letter_case_of_a_host(void) {
  run_test(letter_case_program);
}

static void want_no_coding(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  CHECK_LACKS(head, "gzip");
  say(fd, "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/10\r\nContent-Length: 2\r\n\r\nab");
  outlast(fd);
}

static int range_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(want_no_coding, NULL);
  weir_http *client = weir_http_new(NULL);
  weir_response *response;
  struct weir_header range = {"Range", "bytes=0-1"};
  CHECK_EQ_INT(
      weir_http_do(client, (&(struct weir_request){.url = peer.url, .headers = &range, .header_count = 1}), &response),
      0);
  weir_response_close(response);
  weir_http_free(client);
  return 0;
}

static void a_part_is_asked_for_without_a_coding(void) {
  run_test(range_program);
}

static int two_families(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  *(struct sockaddr_in6 *)addresses =
      (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  return 1 + one_name(context, host, addresses + 1, count - 1);
}

static int one_family(void *context, const struct sockaddr *address, socklen_t length) {
  (void)context, (void)length;
  if (address->sa_family == AF_INET6)
    return -EAFNOSUPPORT;
  return socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int family_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(half_a_body, NULL);
  weir_http *client = weir_http_new((&(struct weir_http_config){.resolve = two_families, .open_socket = one_family}));
  char url[64];
  snprintf(url, sizeof url, "http://weir.test%s", strrchr(peer.url, ':'));
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  weir_response_close(response);
  weir_http_free(client);
  return 0;
}

static void a_family_that_the_system_lacks(void) {
  run_test(family_program);
}

static void answer_and_say_more(void *arg) {
  bool poison = arg != NULL;
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  weir_chan_recv(answer_it, NULL);
  if (poison) {
    say(fd, "HTTP/1.1 200 Poisoned\r\nContent-Length: 0\r\n\r\n");
    for (int left = 1; left > 0; weir_yield()) /* until the client's socket has it */
      CHECK_EQ_INT(ioctl(fd, SIOCOUTQ, &left), 0);
    weir_chan_send(gate, NULL);
    hang_up(fd);
    fd = next_connection(&peer);
  } else {
    weir_chan_send(gate, NULL);
  }
  CHECK(read_head(fd, head, sizeof head));
  say(fd, "HTTP/1.1 201 Created\r\nContent-Length: 20000\r\n\r\n");
  static char body[BODY];
  say_bytes(fd, body, sizeof body);
  outlast(fd);
}

static void get_the_next(void *arg) {
  (void)arg;
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(shared, peer.url, &response), 0);
  CHECK_EQ_INT(weir_response_status(response), 201);
  CHECK_EQ_INT(weir_http_counts(shared).idle, 0);
  weir_http_close_idle(shared);
  size_t total;
  CHECK_EQ_INT(read_all(response, &total), 0);
  CHECK_EQ_INT(total, BODY);
  weir_response_close(response);
  weir_chan_send(gate, NULL);
}

static int handed_on(void *poison) {
  peer = peer_listen();
  gate = weir_chan_new(0, 0);
  answer_it = weir_chan_new(0, 0);
  weir_go(answer_and_say_more, poison);
  shared = weir_http_new((&(struct weir_http_config){.max_connections = 1}));
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(shared, peer.url, &response), 0);
  weir_go(get_the_next, NULL);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* it waits for the connection */
  weir_chan_send(answer_it, NULL);
  weir_chan_recv(gate, NULL);
  size_t total;
  CHECK_EQ_INT(read_all(response, &total), 0);
  CHECK_EQ_INT(total, 2);
  weir_response_close(response);
  CHECK_EQ_INT(weir_chan_recv(gate, NULL), 0);
  CHECK_EQ_INT(weir_http_counts(shared).connections, poison != NULL ? 2 : 1);
  CHECK_EQ_INT(weir_http_counts(shared).dropped, poison != NULL);
  weir_http_free(shared);
  weir_chan_unref(gate);
  weir_chan_unref(answer_it);
  return 0;
}

static int handed_on_program(void *arg) {
  (void)arg;
  return handed_on(NULL);
}

static void a_connection_is_handed_on(void) {
  run_test(handed_on_program);
}

static int poisoned_program(void *arg) {
  return handed_on(arg == NULL ? &peer : arg);
}

static void a_connection_that_is_handed_on_has_said_more(void) {
  run_test(poisoned_program);
}

/* Connections to it stay under way: what it has room for is taken. */
static int listen_deaf(const char *host, int port) {
  int listener = listen_at(host, &port, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  CHECK_EQ_INT(inet_pton(AF_INET, host, &address.sin_addr), 1);
  for (int i = 0; i < 4; i++) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS);
  }
  return listener;
}

static int deaf_and_good(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  struct sockaddr_in *deaf = (struct sockaddr_in *)addresses;
  *deaf = (struct sockaddr_in){.sin_family = AF_INET};
  CHECK_EQ_INT(inet_pton(AF_INET, "127.0.0.2", &deaf->sin_addr), 1);
  return 1 + one_name(context, host, addresses + 1, count - 1);
}

static int two_addresses_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  const char *port = strrchr(peer.url, ':');
  int deaf = listen_deaf("127.0.0.2", atoi(port + 1));
  weir_go(half_a_body, NULL);
  weir_http *client =
      weir_http_new((&(struct weir_http_config){.resolve = deaf_and_good, .connect_timeout = 500 * WEIR_MILLISECOND}));
  char url[64];
  snprintf(url, sizeof url, "http://weir.test%s", port);
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  weir_response_close(response);
  weir_http_free(client);
  close(deaf);
  return 0;
}

/* At all but the last nobody listens. */
static int many_addresses(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  enum { MANY = 5 };
  (void)context, (void)host;
  CHECK_INT(count, >=, MANY);
  for (int i = 0; i < MANY; i++)
    *(struct sockaddr_in *)&addresses[i] =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + MANY - 1 - (unsigned)i)};
  return MANY;
}

/* Without limits of time, which libcurl would take for occasions to look again. */
static int refused_addresses_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(half_a_body, NULL);
  weir_http *client =
      weir_http_new((&(struct weir_http_config){.resolve = many_addresses, .connect_timeout = WEIR_FOREVER}));
  char url[64];
  snprintf(url, sizeof url, "http://weir.test%s", strrchr(peer.url, ':'));
  weir_response *response;
  CHECK_EQ_INT(weir_http_get(client, url, &response), 0);
  CHECK_EQ_INT(weir_http_counts(client).connections, 5);
  weir_response_close(response);
  weir_http_free(client);
  return 0;
}

static void addresses_that_refuse(void) {
  run_test(refused_addresses_program);
}

static void a_second_address_has_its_turn_in_time(void) {
  run_test(two_addresses_program);
}

/* ---- an answer that is there before libcurl first looks --------------------------------------------------------- */

static bool slow_sender;
static int sender_fd = -1;

/* libcurl's send(2): with slow_sender it returns when the peer has answered. The peer's answer is
 * given here, because all else stands still. */
ssize_t send(int fd, const void *data, size_t size, int flags) {
  ssize_t put = syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
  if (!slow_sender)
    return put;
  slow_sender = false;
  char head[1024];
  struct pollfd asked = {.fd = sender_fd, .events = POLLIN};
  CHECK_EQ_INT(poll(&asked, 1, -1), 1);
  ssize_t got = read(sender_fd, head, sizeof head);
  CHECK_INT(got, >, 0);
  static const char start[] = "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n";
  static char answer[sizeof start - 1 + BODY];
  memcpy(answer, start, sizeof start - 1);
  CHECK_EQ_INT(write(sender_fd, answer, sizeof answer), sizeof answer);
  struct pollfd there = {.fd = fd, .events = POLLIN};
  CHECK_EQ_INT(poll(&there, 1, -1), 1);
  return put;
}

static void answer_once(void *arg) {
  (void)arg;
  char head[1024];
  int fd = next_connection(&peer);
  CHECK(read_head(fd, head, sizeof head));
  say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  sender_fd = fd;
}

static int fast_answer_program(void *arg) {
  (void)arg;
  peer = peer_listen();
  weir_go(answer_once, NULL);
  weir_http *client = weir_http_new(NULL);
  weir_response *response;
  get_whole(client, peer.url, 2);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  slow_sender = true;
  CHECK_EQ_INT(weir_http_get(client, peer.url, &response), 0);
  CHECK(!slow_sender);
  CHECK_EQ_INT(weir_http_counts(client).idle, 0);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0); /* a reader that takes the connection for idle hears its body */
  size_t total;
  CHECK_EQ_INT(read_all(response, &total), 0);
  CHECK_EQ_INT(total, BODY);
  weir_response_close(response);
  CHECK_EQ_INT(weir_http_counts(client).idle, 1);
  CHECK_EQ_INT(weir_http_counts(client).dropped, 0);
  weir_http_free(client);
  hang_up(sender_fd);
  return 0;
}

static void an_answer_comes_before_the_first_look(void) {
  run_test(fast_answer_program);
}

static const struct check_case cases[] = {
    CHECK_CASE(letter_case_of_a_host),
    CHECK_CASE(a_part_is_asked_for_without_a_coding),
    CHECK_CASE(a_family_that_the_system_lacks),
    CHECK_CASE(a_connection_is_handed_on),
    CHECK_CASE(a_connection_that_is_handed_on_has_said_more),
    CHECK_CASE(addresses_that_refuse),
    CHECK_CASE(a_second_address_has_its_turn_in_time),
    CHECK_CASE(an_answer_comes_before_the_first_look),
};
CHECK_MAIN(cases)
