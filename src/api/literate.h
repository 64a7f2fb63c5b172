/* literate.h: Markdown documents whose fenced `opt` cells are one script.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_API_LITERATE_H
#define OPTIC_API_LITERATE_H

#include <stdbool.h>
#include <stddef.h>

/* Does the name end as Markdown does: ".md"? */
bool optic_is_literate(const char *path);
/* Turns all that is not in a cell (``` opt .. ```) into spaces, line by line, so that every place in the script is its
 * place in the document. A cell that is not closed runs to the end, as CommonMark has it. */
void optic_literate(char *text, size_t size);

#endif
