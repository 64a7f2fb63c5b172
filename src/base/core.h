/* core.h: what every layer of one context shares: memory, names, limits, the current failure.
 *
 * There are no globals; a Core is passed down instead. A function that can fail returns false or NULL, and has then
 * set `core->fault`. Two Cores have nothing in common and may be used in two threads.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_BASE_CORE_H
#define OPTIC_BASE_CORE_H

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/diag.h"
#include "base/name.h"

typedef struct Limits {
  uint64_t memory;       /* bytes; 0: none */
  uint64_t steps;        /* units of work for one call from the host; 0: none. See optic_charge */
  uint64_t script_bytes; /* of one source text */
  uint32_t depth;        /* of nesting: syntax, lists and records, directories of a tree */
  uint32_t calls;        /* of functions of the language */
  uint32_t reentry;      /* of C functions that call the language back (and are called by it: each counts) */
  uint32_t constants;    /* of one function */
  uint64_t leaves;       /* of one tree */
  uint32_t name_bytes;
  uint64_t tensor_bytes; /* of one array */
} Limits;

struct Pool;
struct TileTable;

typedef struct Core {
  Alloc alloc;
  Names names;
  Fault fault;
  Limits limits;
  uint64_t steps_used;
  uint64_t stop_at;              /* limits.steps, or the greatest number */
  atomic_int *interrupt;         /* non-zero asks a running script to stop; may be NULL */
  struct Pool *pool;             /* blocks that wait to be used again (base/pool.h) */
  const struct TileTable *tiles; /* the kernels for this machine (tile/tile.h); NULL until they are needed */
  bool eager;                    /* OPTIC_EAGER=1 */
  uint32_t recording;            /* levels of differentiation that record now (graph/grad.h) */
  uint32_t grad_depth;           /* how many gradients are being taken, one inside the other */
} Core;

Limits optic_limits_default(void);
/* In pool.c. False: no memory; finish is then still due. `resize` NULL: the C library's. */
bool optic_core_init(Core *core, ResizeFn *resize, void *user, const Limits *limits, uint32_t seed);
void optic_core_finish(Core *core);

bool optic_charge_stop(Core *core); /* sets the fault; false */
/* Counts work: one unit a call or a turn of a loop, one for each 64 elements of an array operation. False, with the
 * fault set, when the limit is passed or an interrupt is asked for. Deterministic but for interrupts. */
static inline bool optic_charge(Core *core, uint64_t units)
{
  core->steps_used += units;
  bool stop = core->steps_used > core->stop_at ||
              (core->interrupt && atomic_load_explicit(core->interrupt, memory_order_relaxed));
  return !stop || optic_charge_stop(core);
}

/* Allocation that sets the fault. */
void *optic_core_alloc(Core *core, size_t size);
void *optic_core_zalloc(Core *core, size_t size);

#endif
