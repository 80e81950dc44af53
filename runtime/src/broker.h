/* broker.h — what verdicts need to know of brokers; the design is in broker.c. */
#ifndef WEIR_SRC_BROKER_H
#define WEIR_SRC_BROKER_H

#include <weir/broker.h>

#include "port.h"

extern WEIR_INTERNAL const size_t weir_broker_bytes; /* of each, without its topics and rolls */

/* The end of a simulation: frees a broker that is left, but not the channels it holds. c is its exit. */
void broker_abandon(weir_chan *c);

#endif
