/* content_rows.c — content codings and ranges. */
#include "check.h"
#include "row.h"

#include <zlib.h>

#define OK  "HTTP/1.1 200 OK\r\n"
#define MIB (1 << 20)

/* ---- gzip ------------------------------------------------------------------------------------------------------- */

/* So many zeros, compressed; to be freed. */
static unsigned char *compress_zeros(size_t count, size_t *size) {
  z_stream stream = {0};
  unsigned char *zeros = calloc(1, count);
  unsigned char *all = malloc(count + 4096);
  CHECK(zeros != NULL && all != NULL);
  CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = zeros;
  stream.avail_in = (unsigned)count;
  stream.next_out = all;
  stream.avail_out = (unsigned)count + 4096;
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  *size = stream.total_out;
  deflateEnd(&stream);
  free(zeros);
  return all;
}

/* What line_say would take for an address is sent as it is: compressed bytes are no text. */
static bool say_compressed(struct line *line, size_t zeros, size_t cut) {
  size_t size;
  unsigned char *body = compress_zeros(zeros, &size);
  char head[128];
  size -= cut;
  int length = snprintf(head, sizeof head, OK "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", size);
  bool said = line_say(line, head, (size_t)length) && line_send(line, (const char *)body, size);
  free(body);
  return said;
}

/* 256 times the same MiB, each compressed for itself: as large as it is fast to make. It has no end, which nobody sees. */
static bool say_bomb(struct line *line) {
  enum { MIBS = 256, ROOM = 4096 };
  static const char begin[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03";
  z_stream stream = {0};
  unsigned char *zeros = calloc(1, MIB);
  char piece[ROOM], head[128];
  CHECK(zeros != NULL);
  CHECK(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = zeros;
  stream.avail_in = MIB;
  stream.next_out = (unsigned char *)piece;
  stream.avail_out = ROOM;
  CHECK(deflate(&stream, Z_FULL_FLUSH) == Z_OK && stream.avail_in == 0);
  size_t size = ROOM - stream.avail_out;
  deflateEnd(&stream);
  free(zeros);
  int length = snprintf(head, sizeof head, OK "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
                        sizeof begin - 1 + MIBS * size);
  bool said = line_say(line, head, (size_t)length) && line_send(line, begin, sizeof begin - 1);
  for (int i = 0; i < MIBS && said; i++)
    said = line_send(line, piece, size);
  return said;
}

static bool say_few_zeros(struct line *line) {
  return say_compressed(line, 40, 0);
}

static bool say_cut_trailer(struct line *line) {
  return say_compressed(line, 40, 1);
}

static bool say_cut_stream(struct line *line) {
  return say_compressed(line, MIB, 100);
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static const struct weir_header first_five[] = {{"Range", "bytes=0-4"}};
#define RANGE                                                                                                          \
  { .headers = first_five, .header_count = 1 }
#define PARTIAL "HTTP/1.1 206 Partial Content\r\n"

static const struct row rows[] = {
    {.number = 25,
     .name = "gzip-bomb-ratio",
     .server = "260 kB that are 256 MiB; the usual limit of the ratio",
     .script = {.serve = say_bomb},
     .most_body = 4 * MIB,
     .expected = {.error = -EFBIG, .stage = WEIR_HTTP_BODY, .status = 200}},
    {.number = 25,
     .name = "gzip-bomb-size",
     .server = "260 kB that are 256 MiB; a limit of the size",
     .script = {.serve = say_bomb},
     .config = {.max_decoded_bytes = 4 * MIB, .max_decoded_ratio = 100000},
     .most_body = 4 * MIB,
     .expected = {.error = -EFBIG, .stage = WEIR_HTTP_BODY, .status = 200}},
    {.number = 26,
     .name = "gzip-cut",
     .server = "a gzip stream that is cut, of the length that was announced",
     .script = {.serve = say_cut_stream},
     .expected = {.error = -ENODATA, .stage = WEIR_HTTP_BODY, .status = 200, .kept = 1}},
    {.number = 26,
     .name = "gzip-cut-trailer",
     .server = "a gzip stream that lacks its last byte",
     .script = {.serve = say_cut_trailer},
     .expected = {.error = -ENODATA, .stage = WEIR_HTTP_BODY, .status = 200, .kept = 1}},
    {.number = 26,
     .name = "gzip-cut-chunked",
     .server = "ten bytes of a gzip stream, in whole chunks",
     .script = {.says = TEXT(OK "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "a\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03\r\n0\r\n\r\n")},
     .expected = {.error = -ENODATA, .stage = WEIR_HTTP_BODY, .status = 200, .body = "", .kept = 1}},
    {.name = "gzip-good",
     .server = "good: 40 zeros, compressed",
     .script = {.serve = say_few_zeros},
     .most_body = 40,
     .expected = {.status = 200, .kept = 1}},
    {.number = 27,
     .name = "gzip-label",
     .server = "a gzip label on a plain body",
     .script = {.says = TEXT(OK "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EBADMSG, .stage = WEIR_HTTP_BODY, .status = 200, .body = "", .kept = 1}},
    {.number = 27,
     .name = "coding-unasked",
     .server = "a coding that nobody asked for",
     .script = {.says = TEXT(OK "Content-Encoding: br\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EBADMSG, .stage = WEIR_HTTP_BODY}},
    {.number = 27,
     .name = "coding-twice",
     .server = "two codings",
     .script = {.says = TEXT(OK "Content-Encoding: gzip, gzip\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EBADMSG, .stage = WEIR_HTTP_BODY}},
    {.number = 34,
     .name = "range-unasked",
     .server = "206 although no range was asked for",
     .script = {.says = TEXT(PARTIAL "Content-Range: bytes 0-4/10\r\nContent-Length: 5\r\n\r\nhello")},
     .expected = {.error = -EBADMSG, .stage = WEIR_HTTP_HEADERS}},
    {.number = 34,
     .name = "range-other",
     .server = "206 of another range",
     .script = {.says = TEXT(PARTIAL "Content-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nhello")},
     .request = RANGE,
     .expected = {.error = -EBADMSG, .stage = WEIR_HTTP_HEADERS}},
    {.number = 34,
     .name = "range-larger",
     .server = "206 of more than was asked for",
     .script = {.says = TEXT(PARTIAL "Content-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\nhellohello")},
     .request = RANGE,
     .expected = {.error = -EBADMSG, .stage = WEIR_HTTP_HEADERS}},
    {.number = 34,
     .name = "range-missing",
     .server = "206 without a Content-Range",
     .script = {.says = TEXT(PARTIAL "Content-Length: 5\r\n\r\nhello")},
     .request = RANGE,
     .expected = {.error = -EBADMSG, .stage = WEIR_HTTP_HEADERS}},
    {.number = 34,
     .name = "range-length",
     .server = "206 whose body is longer than its Content-Range",
     .script = {.says = TEXT(PARTIAL "Content-Range: bytes 0-4/10\r\nContent-Length: 10\r\n\r\nhellohello")},
     .request = RANGE,
     .expected = {.error = -EBADMSG, .stage = WEIR_HTTP_HEADERS}},
    {.name = "range-good",
     .server = "good: 206 of the range",
     .script = {.says = TEXT(PARTIAL "Content-Range: bytes 0-4/10\r\nContent-Length: 5\r\n\r\nhello")},
     .request = RANGE,
     .expected = {.status = 206, .body = "hello", .kept = 1}},
};

struct rows content_rows(void) {
  return (struct rows){rows, sizeof rows / sizeof rows[0]};
}
