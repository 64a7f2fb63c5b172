/* output.h: where texts go: results to standard output, all else to standard error, progress as a bar.
 *
 * There is one of these in the process, as there is one standard output. Nothing here ends the process.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_CLI_OUTPUT_H
#define OPTIC_CLI_OUTPUT_H

#include <optic.h>

typedef struct Output {
  char buffer[1 << 16]; /* waits for standard output */
  size_t used;
  bool hold;        /* standard output is a file: write only when the buffer is full */
  bool mid_line;    /* the last byte for the terminal was no newline: a bar must not begin there */
  bool quiet;       /* no progress */
  bool broken_pipe; /* nobody reads standard output any more: what follows is dropped in silence */
  int error;        /* errno of the first failed write, or 0 */
} Output;

void output_init(Output *out, bool quiet);
/* An optic_write_fn whose `user` is the Output. */
bool output_write(void *user, optic_stream stream, const char *text, size_t size);
/* Writes what waits; ends a bar that is on the screen. False when standard output cannot be written. */
bool output_flush(Output *out);

/* Writes all of it to a file descriptor, through signals and short writes. False with errno where it cannot. */
bool output_all(int fd, const char *text, size_t size);

/* Whether ANSI colours suit standard error: a terminal, no NO_COLOR, and one that knows them. */
bool output_colour(void);

#endif
