/* optic.h: the whole public interface of liboptic, an interpreter for Opt.
 *
 * Read it from top to bottom: a context is created from a configuration, texts are run in it, and what they print goes
 * to a hook. In short:
 *
 *     optic_config config = optic_config_default();
 *     config.write = my_write;
 *     optic_context *optic = optic_create(&config);
 *     optic_status status = optic_run_text(optic, "<host>", "print(1 + 1)", 12);
 *     optic_destroy(optic);
 *
 * The library keeps no global state, installs no signal handlers, never ends the process, writes to no stream, and
 * does not depend on the locale. A context is used by one thread at a time (only optic_interrupt may be called from
 * elsewhere); different contexts are independent.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_H
#define OPTIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define OPTIC_API __attribute__((visibility("default")))
#else
#define OPTIC_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what comes back ---------------------------------------------------------------------------------------- */
typedef enum optic_status {
  OPTIC_OK = 0,
  OPTIC_WRONG,       /* the script is wrong, or failed while running; diagnostics went to the write hook */
  OPTIC_INCOMPLETE,  /* the text is the beginning of a right one, as seen in a REPL; a diagnostic was written too */
  OPTIC_INTERRUPTED, /* optic_interrupt was called; a diagnostic names the place */
  OPTIC_MISUSE,      /* the host broke a contract below; nothing happened */
  OPTIC_OOM,         /* memory could not be had, or the limit was reached, where no script could be blamed for it */
} optic_status;

/* A short English text for a status, never NULL. */
OPTIC_API const char *optic_status_text(optic_status status);

/* ---- configuration ------------------------------------------------------------------------------------------ */
/* What a text is that Optic hands to the host. */
typedef enum optic_stream {
  OPTIC_OUT,      /* what the script prints, and results shown */
  OPTIC_ERR,      /* diagnostics and warnings: whole messages, possibly of several lines */
  OPTIC_PROGRESS, /* one line for a machine: label TAB done TAB total TAB seconds TAB note NEWLINE. `total` is 0 where
                     it is not known; `seconds` since the beginning, with decimals; `note` may be empty (as a loss).
                     done == total, or done < 0 for a loop that was left early, ends a bar. At most about 20 a second */
} optic_stream;

/* Takes a text of `size` bytes (not ended by NUL). Must not call back into the same context. Return false when the
 * text could not be written: the script then ends with an error. */
typedef bool optic_write_fn(void *user, optic_stream stream, const char *text, size_t size);

/* Resizes `block` from `old_size` to `new_size` bytes; a NULL block with old_size 0 asks for a new one, new_size 0
 * frees and returns NULL. Returns NULL when it cannot, and then the old block is as it was. Addresses must suit any
 * C type. All memory of a context comes from here (but for what the C library takes for itself when a file is open).
 * It is called by the thread that runs the context, never by threads that Optic itself starts. */
typedef void *optic_resize_fn(void *user, void *block, size_t old_size, size_t new_size);

/* May grow in later versions: always begin with optic_config_default(). */
typedef struct optic_config {
  size_t config_size; /* set by optic_config_default(); leave it */

  optic_resize_fn *resize; /* NULL: the C library's allocator */
  void *resize_user;
  optic_write_fn *write; /* NULL: texts are dropped */
  void *write_user;

  /* Budgets, for scripts of unknown origin; 0 means none. */
  uint64_t memory_limit; /* bytes that the context holds at one time */
  uint64_t step_limit; /* units of work for one call below: deterministic, about a call, a turn of a loop or 64 elements
                            each */
  uint64_t script_limit; /* bytes of one source text; the default is 1 MiB */
  uint32_t depth_limit;  /* of nesting and of calls; 0 means the default, and there is always a limit */

  bool colour;             /* diagnostics with ANSI colours */
  bool show_values;        /* as a REPL does: the value of an expression that stands alone is written to OPTIC_OUT */
  bool allow_files;        /* the script may read and write files and the environment; the default is true */
  const char *data_dir;    /* where mnist() looks first; NULL: $OPTIC_DATA and the usual places. Copied */
  size_t arg_count;        /* the script's `args` */
  const char *const *args; /* `arg_count` texts in UTF-8; copied */
} optic_config;

OPTIC_API optic_config optic_config_default(void);

/* ---- contexts ----------------------------------------------------------------------------------------------- */
typedef struct optic_context optic_context;

/* A new context; NULL when there is no memory or `config` is impossible. NULL as configuration means the default.
 * The host ends it with optic_destroy. */
OPTIC_API optic_context *optic_create(const optic_config *config);
/* Frees everything of the context. NULL is fine. */
OPTIC_API void optic_destroy(optic_context *optic);

/* Asks the context to stop what it runs; the call that runs returns OPTIC_INTERRUPTED soon, and the context stays
 * usable. Where nothing runs, the next run is stopped. Safe in a signal handler and from another thread. */
OPTIC_API void optic_interrupt(optic_context *optic);

/* ---- running ------------------------------------------------------------------------------------------------ */
/* In all of these a NULL context, name, text or path is OPTIC_MISUSE, as is a call from inside of a hook. */

/* Runs a script of `size` bytes of UTF-8. `name` is what messages call it ("mnist.opt", "<stdin>"). Names it defines
 * stay in the context: a later text sees them. The text may be freed after the call. */
OPTIC_API optic_status optic_run_text(optic_context *optic, const char *name, const char *text, size_t size);
/* The same for a file. Works without `allow_files` too: this is the host's file, not the script's. A first line that
 * begins with `#!` is a comment like any other. Of a Markdown file (".md") the cells fenced as `opt` are the script;
 * the same holds for the other functions that take a path. A file that cannot be read is OPTIC_WRONG, with a
 * diagnostic. */
OPTIC_API optic_status optic_run_file(optic_context *optic, const char *path);

/* Parse and check only: all errors and warnings of the text go to the write hook, and nothing runs. */
OPTIC_API optic_status optic_check_text(optic_context *optic, const char *name, const char *text, size_t size);
OPTIC_API optic_status optic_check_file(optic_context *optic, const char *path);

/* Compiles, and writes the bytecode (for a person) to OPTIC_OUT. Nothing of the text runs, but what it takes to show
 * the transformations that a pipeline became. */
OPTIC_API optic_status optic_dis_text(optic_context *optic, const char *name, const char *text, size_t size);
OPTIC_API optic_status optic_dis_file(optic_context *optic, const char *path);

/* ---- about the library -------------------------------------------------------------------------------------- */
/* "0.1.0" */
OPTIC_API const char *optic_version(void);

#ifdef __cplusplus
}
#endif
#endif
