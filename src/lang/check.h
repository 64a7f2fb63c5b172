/* check.h: everything that can be known wrong before a script runs, all at once.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_LANG_CHECK_H
#define OPTIC_LANG_CHECK_H

#include "lang/ast.h"

/* What is known of a name that the script does not define itself. */
typedef struct Known {
  const char *signature; /* "clip(max_delta: number)", or NULL where it is not a function or its arguments are unknown.
                            Form: name(a, b = default, *rest, **named); only names, `=`, `*`, `**` matter */
  bool standard;         /* of the standard library: hiding it is worth a warning */
} Known;

/* How the checker asks its caller about names outside of the script. */
typedef struct KnownNames {
  bool (*find)(void *user, const Name *name, Known *out);
  /* Calls `visit` for each known name, for "did you mean". */
  void (*each)(void *user, void (*visit)(void *to, const Name *name), void *to);
  void *user;
} KnownNames;

/* Adds diagnostics; true when there is no error (warnings are no errors). False without a diagnostic: no memory, and
 * core->fault says so. `root` is that of a parse without errors. `known` may be NULL: nothing is known then.
 * `is_repl`: the text is one unit of a conversation, in which an expression by itself shows its value. */
bool optic_check(Core *core, const Source *source, const Node *root, const KnownNames *known, bool is_repl,
                 Diags *diags);

#endif
