/* weir/poll.h — waiting for a file descriptor.
 *
 *     while ((got = read(fd, buffer, size)) < 0 && errno == EAGAIN)   (fd is non-blocking)
 *       weir_poll(fd, POLLIN, WEIR_FOREVER);
 *     …
 *     weir_poll_forget(fd);
 *     close(fd);
 *
 * Make descriptors non-blocking: a call that blocks in the kernel blocks its worker.
 */
#ifndef WEIR_POLL_H
#define WEIR_POLL_H

#include <weir/base.h>

#include <poll.h>

WEIR_BEGIN

/* Blocks the calling task until the descriptor is ready for one of events: POLLIN, POLLOUT, or both.
 * Returns the events it is ready for; POLLERR and POLLHUP may be among them, asked for or not, because an operation
 * would not block then either. A regular file is always ready. Else:
 *   -ETIMEDOUT  not ready before deadline (at once with WEIR_POLL)
 *   -EBUSY      another task waits for this descriptor in this direction: one may wait for each
 *   -ECANCELED  weir_poll_forget came meanwhile
 *   -EBADF      no open descriptor; in a simulation: not made by weir_sim_pipe or weir_sim_socketpair
 *   -EINVAL     events has no bit, or another one
 *   -EPERM      it would block outside a task or inside a deferred function; or it cannot be waited for
 *   -ENOMEM, -ENOSPC   memory, or the user's limit of watches (/proc/sys/fs/epoll/max_user_watches)
 * Being ready is a hint: whoever shares the descriptor may be faster, and with several workers what made it ready may
 * have been read since, by the caller itself. A non-blocking operation may always say EAGAIN. The descriptor is the
 * caller's. Allocates only when a descriptor's number is the first of its size class to be waited for. */
WEIR_API int weir_poll(int fd, int events, int64_t deadline);

/* Must come before close() of a descriptor that was ever waited for: the runtime watches it until then, and would
 * not know that the number has been given to another file. Tasks that wait for it go on with -ECANCELED. Harmless for
 * any number. Called from a task or a deferred function, or outside a run; does not block. */
WEIR_API void weir_poll_forget(int fd);

WEIR_END

#endif
