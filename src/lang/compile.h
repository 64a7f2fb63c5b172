/* compile.h: syntax tree to bytecode.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_LANG_COMPILE_H
#define OPTIC_LANG_COMPILE_H

#include "lang/chunk.h"

/* How the compiler resolves names that no function binds. */
typedef struct GlobalNames {
  /* Slot of a global of the module that is being compiled; adds one when `add`. -1: none, -2: no memory. */
  int32_t (*global)(void *user, const Name *name, bool add);
  /* Index of a name of the standard library, or -1. */
  int32_t (*standard)(void *user, const Name *name);
  void *user;
} GlobalNames;

/* Compiles a checked tree. `show`: the value of a top-level expression statement is shown (a REPL, `-e`).
 * NULL with diagnostics added (limits: constants, registers; or no memory: d->arena.oom). The source must live as
 * long as the Proto; the tree need not. */
Proto *optic_compile(Core *core, const Source *source, const Node *root, const GlobalNames *names, bool show,
                     Arena *arena, Diags *diags);

/* Checks what the VM relies on: every field is what its shape says, jumps land on instructions, control does not run
 * off the end. False with core->fault (D_internal) naming function and instruction. */
bool optic_verify(Core *core, const Proto *proto);

/* Writes code as text, function by function, with the source line that each instruction comes from. `global_name` and
 * `std_name` give names for slots; they may be NULL. */
void optic_dis(const Proto *proto, Text *out, const char *(*global_name)(void *user, int32_t slot),
               const char *(*std_name)(void *user, int32_t index), void *user);

#endif
