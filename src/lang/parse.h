/* parse.h: text to syntax tree.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_LANG_PARSE_H
#define OPTIC_LANG_PARSE_H

#include "lang/ast.h"

typedef enum ParseResult {
  PARSE_OK,
  PARSE_WRONG,      /* diagnostics were added */
  PARSE_INCOMPLETE, /* the text is the beginning of a right one (a diagnostic was added too): a REPL asks for more */
  PARSE_OOM,
} ParseResult;

/* Parses a whole script. The tree (an N_BLOCK, also in part after errors) lies in `arena`; strings of the tree are
 * copied there, so the source may go once its diagnostics are rendered. All errors that can be found are reported. */
ParseResult optic_parse(Core *core, const Source *source, Arena *arena, Diags *diags, Node **root);

#endif
