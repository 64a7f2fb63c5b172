/* progress.h: draws the progress lines that the library reports (OPTIC_PROGRESS in optic.h) on standard error.
 *
 * On a terminal one bar is drawn in place, with rate, remaining time and note. Elsewhere (a log) a line is written for
 * each tenth at most, and not more than one a second, besides the one that ends the loop.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_CLI_PROGRESS_H
#define OPTIC_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/* Takes "label\tdone\ttotal\tseconds\tnote\n"; a line of another form is ignored. */
void progress_line(const char *text, size_t size);
/* Takes a bar that is not finished off the screen; the next line draws it again. */
void progress_clear(void);
/* A bar stands on the screen. Safe in a signal handler. */
bool progress_drawn(void);

#endif
