/* worker_thread.h — between worker_thread_test.c and its half in C++. */
#ifndef WORKER_THREAD_H
#define WORKER_THREAD_H

#ifdef __cplusplus
extern "C" {
#endif

/* Blocking calls: one, and as many as it takes to come back on another thread. */
void block_once(void);
void block_until_moved(void);

/* The harness is in C. */
void check_at(int line, int condition);

/* Trials, in the task that may be moved, and in one that is pinned. */
void catch_moved(void);
void catch_stays(void);

#ifdef __cplusplus
}
#endif

#endif
