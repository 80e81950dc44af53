/* server_microhttpd.h — the test's own handlers in GNU libmicrohttpd: see server.h. */
#ifndef SERVER_MICROHTTPD_H
#define SERVER_MICROHTTPD_H

/* Serves on the socket, in the calling process, for ever; returns when it cannot. */
void server_be_microhttpd(int fd);

#endif
