/* decoder.h — undoing a content coding (gzip, deflate) with zlib, as much as there is room for.
 *
 * libcurl's own decoding delivers what it has, however much, while a transfer is paused, and takes a stream that was cut
 * for complete; so bodies are taken as they arrive and decoded here, in the reading task.
 */
#ifndef WEIR_HTTP_DECODER_H
#define WEIR_HTTP_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decoder;

/* A decoder for the value of a Content-Encoding. 0, and *decoder, which is NULL for identity; -EBADMSG for a coding that
 * is not known; -ENOMEM. */
int decoder_new(const char *coding, struct decoder **decoder);
void decoder_free(struct decoder *decoder);

/* Decodes from *in (of *in_size bytes, which both move on) to out. Returns how many bytes it wrote: 0 when it needs more
 * input, or has come to the end (decoder_ended); -EBADMSG for damage, -ENOMEM. */
ptrdiff_t decoder_run(struct decoder *decoder, const char **in, size_t *in_size, char *out, size_t out_size);

/* The stream is complete; what follows in the body is damage. */
bool decoder_ended(const struct decoder *decoder);

#endif
