/* allocation_test.c — every allocation of a request fails in turn, once, or with all that follow: the result is -ENOMEM or
 * a success that did without, nothing is lost, and the client is good for the next request.
 *
 * Two are libcurl 7.88's own: without memory for the list of a socket's transfers it destroys that list's table, and
 * divides by its size later, or finds nobody there to read what has come. And of a redirect it may say that there is no
 * such URL.
 *
 * The linker's --wrap sends the libraries' calls to malloc and the like through the functions below; libcurl is given
 * them at its beginning. */
#include "check.h"
#include "run.h"
#include "server.h"

#include <weir/http.h>

#include <curl/curl.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>

/* ---- the wrappers ------------------------------------------------------------------------------------------------ */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *memory);

static atomic_long blocks; /* live */
static atomic_bool armed;
static atomic_long asked; /* while armed */
static long fail_at;
static bool for_ever;
static atomic_long failed;

static bool fails(void) {
  if (!armed || fail_at == 0)
    return false;
  const long number = ++asked;
  const bool failing = for_ever ? number >= fail_at : number == fail_at;
  failed += failing;
  return failing;
}

static void *counted(void *memory) {
  blocks += memory != NULL;
  return memory;
}

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size) {
  if (fails())
    return NULL;
  return memory == NULL ? counted(__real_malloc(size)) : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text) {
  return fails() ? NULL : counted(__real_strdup(text));
}

void __wrap_free(void *memory) {
  blocks -= memory != NULL;
  __real_free(memory);
}

/* ---- what is done ------------------------------------------------------------------------------------------------ */

static struct server server;

static int resolve(void *context, const char *host, struct sockaddr_storage *addresses, int count) {
  (void)context, (void)host, (void)count;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  memcpy(addresses, &address, sizeof address);
  return 1;
}

/* Sends it and reads the body. */
static int64_t whole(weir_http *client, struct weir_request *request, const char *path) {
  char url[128], buffer[4000];
  struct weir_http_failure failure;
  weir_response *response;
  snprintf(url, sizeof url, "http://name.example:%d%s", server.port, path);
  request->url = url;
  request->failure = &failure;
  int error = weir_http_do(client, request, &response);
  if (error != 0) {
    CHECK_EQ_INT(failure.error, error);
    if (error != -ENOMEM && strstr(failure.message, "a redirect to no URL") == NULL &&
        strstr(failure.message, "ready again and again") == NULL)
      check_fail(__FILE__, __LINE__, "allocation %ld: %d: %s", fail_at, error, failure.message);
    return error;
  }
  int64_t all = 0;
  ssize_t got;
  CHECK_EQ_INT(weir_response_status(response), 200);
  while ((got = weir_response_read(response, buffer, sizeof buffer)) > 0)
    all += got;
  if (got < 0 && got != -ENOMEM)
    check_fail(__FILE__, __LINE__, "allocation %ld: %zd: %s", fail_at, got, weir_response_failure(response)->message);
  CHECK_EQ_INT(weir_response_close(response), 0);
  return got < 0 ? got : all;
}

static int64_t get(weir_http *client) {
  return whole(client, &(struct weir_request){0}, "/bytes/100000");
}

static int64_t get_coded(weir_http *client) {
  return whole(client, &(struct weir_request){0}, "/redirect/302/redirect/307/coded/gzip/100000");
}

static ssize_t write_body(void *left, void *buffer, size_t size) {
  long *rest = left;
  if ((long)size > *rest)
    size = (size_t)*rest;
  memset(buffer, 'b', size);
  *rest -= (long)size;
  return (ssize_t)size;
}

static int64_t post(weir_http *client) {
  long left = 100000;
  weir_context *background = weir_context_background();
  if (background == NULL)
    return -ENOMEM;
  const struct weir_header headers[] = {{"X-Test", "yes"}, {"Accept", ""}, {"Expect", ""}};
  struct weir_request request = {.headers = headers,
                                 .header_count = 3,
                                 .read_body = write_body,
                                 .body_context = &left,
                                 .body_size = -1,
                                 .context = background};
  const int64_t result = whole(client, &request, "/echo");
  weir_context_unref(background);
  return result < 0 ? result : 100000;
}

/* ---- one failure ------------------------------------------------------------------------------------------------- */

static int64_t (*doing)(weir_http *client);
static bool survived; /* it did without */

static int program(void *arg) {
  (void)arg;
  asked = 0;
  armed = true;
  weir_http *client = weir_http_new((&(struct weir_http_config){.resolve = resolve}));
  const int64_t result = client == NULL ? -ENOMEM : doing(client);
  armed = false;
  survived = result >= 0;
  if (survived)
    CHECK_EQ_INT(result, 100000);
  if (client != NULL) {
    CHECK_EQ_INT(weir_counts().responses, 0);
    CHECK_EQ_INT(doing(client), 100000);
  }
  weir_http_free(client);
  CHECK_EQ_INT(weir_settle(WEIR_FOREVER), 0);
  CHECK_EQ_INT(weir_task_count(), 1);
  return 0;
}

static int descriptors(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  CHECK(folder != NULL);
  while (readdir(folder) != NULL)
    count++;
  closedir(folder);
  return count;
}

enum { FAILED_ONE = 10, DID_WITHOUT, NONE_LEFT };

/* In a child: libcurl may die of it. */
static _Noreturn void fail_one(long number) {
  const struct weir_config config = {.workers = test_workers()};
  signal(SIGFPE, SIG_DFL); /* also where a sanitizer reports it */
  fail_at = 0;
  CHECK_EQ_INT(weir_run(&config, program, NULL), 0); /* what is made once, is made */
  const long blocks_before = blocks;
  const int descriptors_before = descriptors();
  fail_at = number;
  CHECK_EQ_INT(weir_run(&config, program, NULL), 0);
  check_counts_equal(weir_counts(), (struct weir_counts){0});
  if (blocks != blocks_before)
    check_fail(__FILE__, __LINE__, "allocation %ld: %ld blocks are lost", number, blocks - blocks_before);
  CHECK_EQ_INT(descriptors(), descriptors_before);
  fflush(NULL);
  _Exit(failed == 0 ? NONE_LEFT : survived ? DID_WITHOUT : FAILED_ONE);
}

static void fail_each(const char *name) {
  long number = 0, without = 0, died = 0, wrong = 0;
  for (int status = 0; status != NONE_LEFT;) {
    fflush(NULL);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
      fail_one(++number);
    number++;
    CHECK_EQ_INT(waitpid(child, &status, 0), child);
    died += WIFSIGNALED(status) && WTERMSIG(status) == SIGFPE;
    status = WIFEXITED(status) ? WEXITSTATUS(status) : FAILED_ONE;
    without += status == DID_WITHOUT;
    wrong += status < FAILED_ONE;
  }
  printf("%s%s: %ld allocations failed, %ld did without, libcurl died of %ld\n", name,
         for_ever ? ", and all that follow" : "", number - 1, without, died);
  CHECK_INT(number, >, 40);
  CHECK_EQ_INT(wrong, 0);
  CHECK_INT(died, <=, 2);
}

static void prepare(void) {
  CHECK_EQ_INT(
      curl_global_init_mem(CURL_GLOBAL_ALL, __wrap_malloc, __wrap_free, __wrap_realloc, __wrap_strdup, __wrap_calloc),
      CURLE_OK);
  server = server_start(SERVER_MICROHTTPD);
}

static void each(int forever) {
  for_ever = forever;
  prepare();
  doing = get;
  fail_each("get");
  doing = get_coded;
  fail_each("redirects and gzip");
  doing = post;
  fail_each("post");
  server_stop(&server);
}

static const struct check_case cases[] = {CHECK_CASE_WITH("once", each, false),
                                          CHECK_CASE_WITH("for_ever", each, true)};
CHECK_MAIN(cases)
