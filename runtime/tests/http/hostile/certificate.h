/* certificate.h — a key and a self-signed certificate, made on the spot, that is its own authority. */
#ifndef HOSTILE_CERTIFICATE_H
#define HOSTILE_CERTIFICATE_H

struct ssl_ctx_st;

struct certificate {
  struct ssl_ctx_st *context; /* of a server */
  int fd;
  char path[32]; /* in /proc, of the descriptor: PEM, in memory only */
};

/* For an address (of the subject's alternative name), valid from so many seconds from now to so many. */
void certificate_make(struct certificate *certificate, const char *address, long from, long to);
void certificate_free(struct certificate *certificate);

#endif
