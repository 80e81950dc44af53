/* server_microhttpd.c — see server.h. */
#include "server_microhttpd.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* What a connection's request has sent so far. */
struct upload {
  size_t size;
  char *data;
};

static char *repeated(long size) {
  char *data = malloc((size_t)size + 1);
  if (data != NULL)
    memset(data, 'x', (size_t)size);
  return data;
}

static enum MHD_Result answer_with(struct MHD_Connection *connection, unsigned status, char *data, size_t size,
                                   const char *name, const char *value) {
  struct MHD_Response *response = MHD_create_response_from_buffer(size, data, MHD_RESPMEM_MUST_FREE);
  if (response == NULL)
    return MHD_NO;
  if (name != NULL)
    MHD_add_response_header(response, name, value);
  const enum MHD_Result result = MHD_queue_response(connection, status, response);
  MHD_destroy_response(response);
  return result;
}

static enum MHD_Result print_header(void *stream, enum MHD_ValueKind kind, const char *name, const char *value) {
  (void)kind;
  fprintf(stream, "%s: %s\n", name, value == NULL ? "" : value);
  return MHD_YES;
}

static enum MHD_Result echo(struct MHD_Connection *connection, const char *url, const char *method,
                            const struct upload *upload) {
  char *data;
  size_t size;
  FILE *stream = open_memstream(&data, &size);
  if (stream == NULL)
    return MHD_NO;
  fprintf(stream, "%s %s\n", method, url);
  MHD_get_connection_values(connection, MHD_HEADER_KIND, print_header, stream);
  fputc('\n', stream);
  if (upload->size != 0)
    fwrite(upload->data, 1, upload->size, stream);
  fclose(stream);
  return answer_with(connection, 200, data, size, NULL, NULL);
}

static enum MHD_Result coded(struct MHD_Connection *connection, const char *coding, long size) {
  char *plain = repeated(size);
  const size_t room = (size_t)size + 1024;
  char *data = malloc(room);
  z_stream stream = {.next_in = (Bytef *)plain, .avail_in = (uInt)size, .next_out = (Bytef *)data, .avail_out = room};
  deflateInit2(&stream, 6, Z_DEFLATED, strcmp(coding, "gzip") == 0 ? 15 + 16 : 15, 8, Z_DEFAULT_STRATEGY);
  deflate(&stream, Z_FINISH);
  deflateEnd(&stream);
  free(plain);
  return answer_with(connection, 200, data, stream.total_out, "Content-Encoding", coding);
}

static enum MHD_Result route(struct MHD_Connection *connection, const char *url, const char *method,
                             const struct upload *upload) {
  int status, end = 0;
  long size;
  char word[16];
  if (strncmp(url, "/echo", 5) == 0)
    return echo(connection, url, method, upload);
  if (sscanf(url, "/bytes/%ld", &size) == 1)
    return answer_with(connection, 200, repeated(size), (size_t)size, NULL, NULL);
  if (sscanf(url, "/coded/%15[a-z]/%ld", word, &size) == 2)
    return coded(connection, word, size);
  if (sscanf(url, "/redirect/%d%n", &status, &end) == 1 && end > 0)
    return answer_with(connection, (unsigned)status, repeated(100), 100, "Location", url + end);
  if (sscanf(url, "/status/%d", &status) == 1)
    return answer_with(connection, (unsigned)status, repeated(0), 0, NULL, NULL);
  return answer_with(connection, 404, repeated(0), 0, NULL, NULL);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **state) {
  (void)context, (void)version;
  struct upload *upload = *state;
  if (upload == NULL) { /* the head alone has come; an answer to it would end the connection */
    *state = calloc(1, sizeof *upload);
    return *state != NULL ? MHD_YES : MHD_NO;
  }
  if (*size == 0)
    return route(connection, url, method, upload);
  char *grown = realloc(upload->data, upload->size + *size);
  if (grown == NULL)
    return MHD_NO;
  memcpy(grown + upload->size, data, *size);
  upload->data = grown;
  upload->size += *size;
  *size = 0;
  return MHD_YES;
}

static void forget(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code) {
  (void)context, (void)connection, (void)code;
  struct upload *upload = *state;
  if (upload == NULL)
    return;
  free(upload->data);
  free(upload);
}

void server_be_microhttpd(int fd) {
  if (MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, handle, NULL,
                       MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, forget, NULL, MHD_OPTION_END) == NULL)
    return;
  for (;;)
    pause();
}
