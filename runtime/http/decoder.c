/* decoder.c — see decoder.h. */
#include "decoder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { WINDOW_GZIP_OR_ZLIB = 15 + 32, WINDOW_BARE = -15 };

struct decoder {
  z_stream stream;
  bool deflate; /* may lack the zlib wrapper that the standard asks for */
  bool begun;
  bool ended;
};

int decoder_new(const char *coding, struct decoder **decoder) {
  *decoder = NULL;
  if (coding == NULL || coding[0] == '\0' || strcasecmp(coding, "identity") == 0)
    return 0;
  bool deflate = strcasecmp(coding, "deflate") == 0;
  if (!deflate && strcasecmp(coding, "gzip") != 0 && strcasecmp(coding, "x-gzip") != 0)
    return -EBADMSG;
  struct decoder *made = calloc(1, sizeof *made);
  if (made == NULL)
    return -ENOMEM;
  made->deflate = deflate;
  if (inflateInit2(&made->stream, WINDOW_GZIP_OR_ZLIB) != Z_OK) {
    free(made);
    return -ENOMEM;
  }
  *decoder = made;
  return 0;
}

void decoder_free(struct decoder *decoder) {
  if (decoder == NULL)
    return;
  inflateEnd(&decoder->stream);
  free(decoder);
}

/* Some servers send deflate without its wrapper: its first byte says so, as browsers read it. */
static bool lacks_wrapper(const struct decoder *decoder, const char *in) {
  return decoder->deflate && !decoder->begun && (in[0] & 0x0f) != Z_DEFLATED;
}

ptrdiff_t decoder_run(struct decoder *decoder, const char **in, size_t *in_size, char *out, size_t out_size) {
  z_stream *stream = &decoder->stream;
  if (decoder->ended) {
    if (*in_size == 0)
      return 0;
    if (decoder->deflate || inflateReset(stream) != Z_OK) /* a gzip file may have several members */
      return -EBADMSG;
    decoder->ended = false;
  }
  if (*in_size > 0) {
    if (lacks_wrapper(decoder, *in) && inflateReset2(stream, WINDOW_BARE) != Z_OK)
      return -ENOMEM;
    decoder->begun = true;
  }
  stream->next_in = (unsigned char *)*in;
  stream->avail_in = (unsigned)*in_size;
  stream->next_out = (unsigned char *)out;
  stream->avail_out = out_size < (1U << 30) ? (unsigned)out_size : 1U << 30;
  unsigned room = stream->avail_out;
  int result = inflate(stream, Z_NO_FLUSH);
  *in = (const char *)stream->next_in;
  *in_size = stream->avail_in;
  decoder->ended = result == Z_STREAM_END;
  if (result == Z_MEM_ERROR)
    return -ENOMEM;
  if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
    return -EBADMSG;
  return room - stream->avail_out;
}

bool decoder_ended(const struct decoder *decoder) {
  return decoder->ended;
}
