/* diag.h: what is said about a wrong script, in data; how it looks is optic_diag_render's business.
 *
 * Two shapes. A Fault is the one failure of a running operation: fixed memory, no place, because the layers that
 * raise it (arrays, files, graph) know none. A Diag is a message with a place, kept in a list: the parser and the
 * checker collect many, and the VM turns a Fault into one by adding the place and the calls that led there.
 * Codes, meanings and remedies stand in diag.def.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_BASE_DIAG_H
#define OPTIC_BASE_DIAG_H

#include "base/arena.h"
#include "base/text.h"
#include "base/vec.h"

typedef enum DiagCode {
#define DIAG(id, code, meaning, remedy) D_##id,
#include "base/diag.def"
#undef DIAG
  D_COUNT
} DiagCode;

typedef struct DiagInfo {
  const char *id;      /* "unknown_name" */
  const char *code;    /* "E0301"; a code keeps its meaning for ever */
  const char *meaning; /* one sentence */
  const char *remedy;  /* one sentence */
} DiagInfo;
const DiagInfo *optic_diag_info(DiagCode code);

typedef struct Span {
  uint32_t first, last; /* byte offsets, half open */
} Span;

/* A script's text; whoever made it keeps it alive as long as anything compiled from it. */
typedef struct Source {
  const char *name; /* "mnist.opt", "<stdin>", "<argument>" */
  const char *text;
  size_t size;
} Source;

typedef struct Place {
  const Source *source; /* NULL: no place in a script */
  Span span;
} Place;

/* ---- the failure of a running operation --------------------------------------------------------------------- */
typedef struct Fault {
  DiagCode code; /* D_none: nothing failed */
  char message[768];
  char hint[384]; /* "" for none */
} Fault;

/* Sets the fault, replacing an older one. Always returns false, so that a caller may `return optic_fail(...)`. */
bool optic_fail(Fault *fault, DiagCode code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Adds a hint to the fault just set; returns false. */
bool optic_fail_hint(Fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The fault of memory that could not be had. Returns false. */
bool optic_fail_oom(Fault *fault);
void optic_fault_clear(Fault *fault);

/* ---- messages with places ----------------------------------------------------------------------------------- */
typedef struct DiagCall {
  const char *function; /* "loss" */
  Place at;             /* where it was called */
  size_t times;         /* as often in a row */
} DiagCall;

typedef struct Diag {
  DiagCode code;
  bool warning;
  Place at;
  const char *message;
  const char *hint; /* NULL: none */
  DiagCall *calls;  /* innermost first */
  size_t call_count;
} Diag;

typedef struct Diags {
  Arena arena;
  VEC(Diag) list;
  size_t errors, warnings;
} Diags;

void optic_diags_init(Diags *d, Alloc *alloc);
void optic_diags_finish(Diags *d);
/* Adds a message; NULL when there is no memory (and then d->arena.oom is set). At most 100 are kept, the rest only
 * counted. Two errors that begin at the same byte are one: the second is dropped. */
Diag *optic_diag(Diags *d, DiagCode code, Place at, const char *format, ...) __attribute__((format(printf, 4, 5)));
Diag *optic_diag_warn(Diags *d, DiagCode code, Place at, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Adds a hint to the message just added (NULL is fine, and does nothing). */
void optic_diag_hint(Diags *d, Diag *diag, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Line and column (in characters), both from 1, of a byte offset. */
void optic_source_place(const Source *source, size_t offset, size_t *line, size_t *column);

/* The text of a message as language.md shows it: cause, place, line, caret, hint, calls. `colour`: with ANSI colour. */
void optic_diag_render(const Diag *diag, Text *out, bool colour);

#endif
