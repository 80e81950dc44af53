/* chrome.h — the steps of a simulation as a Chrome trace, which Perfetto and chrome://tracing open.
 *
 * One slice a step, on the track of its task; time is the number of the step, because virtual time mostly stands still
 * (it is among the arguments). The format: "Trace Event Format", an array of objects; its end may be missing, so that
 * the trace of a crash can be opened too.
 */
#ifndef WEIR_FUZZ_CHROME_H
#define WEIR_FUZZ_CHROME_H

#include <weir/sim.h>

#include <stdio.h>

void chrome_begin(FILE *trace, const char *scenario);
void chrome_event(FILE *trace, const struct weir_sim_event *event);
void chrome_end(FILE *trace);

/* Writes a string as JSON, quotes included. */
void json_string(FILE *stream, const char *string);

#endif
