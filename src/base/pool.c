/* pool.c: blocks that wait to be used again. See pool.h.
 *
 * Size classes: multiples of 16 up to 128, then four to each doubling. Each class has a list of free blocks linked
 * through their first word. What waits is bounded, so that a script that once held much does not hold it for ever.
 * SPDX-License-Identifier: MIT */
#include "base/pool.h"

enum { SMALL = 8 /* classes of 16, 32 .. 128 */, CLASSES = SMALL + 4 * 48 };

typedef struct Free {
  struct Free *next;
} Free;

struct Pool {
  Free *lists[CLASSES];
  uint64_t waiting; /* bytes */
};

/* Class of a size, and the bytes its blocks have. Sizes past the last class are not pooled (class CLASSES). */
static size_t class_of(size_t size, size_t *bytes)
{
  if (size <= 16 * SMALL) {
    size_t c = size ? (size - 1) / 16 : 0;
    *bytes = (c + 1) * 16;
    return c;
  }
  unsigned octave = 63u - (unsigned)__builtin_clzll((unsigned long long)(size - 1)); /* 2^octave <= size - 1 */
  size_t quarter = (size_t)1 << (octave - 2);
  size_t index = (size - 1 - ((size_t)1 << octave)) / quarter; /* 0..3 */
  size_t c = SMALL + 4 * (octave - 7) + index;
  if (c >= CLASSES) {
    *bytes = size;
    return CLASSES;
  }
  *bytes = ((size_t)1 << octave) + (index + 1) * quarter;
  return c;
}

size_t optic_pool_room(size_t size)
{
  size_t bytes;
  class_of(size, &bytes);
  return bytes;
}

/* Under AddressSanitizer nothing waits: a block that is used after it was given back must be seen. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_OFF 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define POOL_OFF 1
#endif

static uint64_t most_waiting(const Core *core)
{
#ifdef POOL_OFF
  (void)core;
  return 0;
#else
  const uint64_t usual = (uint64_t)512 << 20;
  uint64_t share = core->alloc.limit / 4;
  uint64_t half_peak = core->alloc.peak / 2;
  uint64_t most = share < usual ? share : usual;
  return half_peak > most && half_peak < share ? half_peak : most;
#endif
}

void optic_pool_trim(Core *core)
{
  struct Pool *pool = core->pool;
  if (!pool) {
    return;
  }
  for (size_t c = 0; c < CLASSES; c++) {
    size_t octave = 7 + (c - SMALL) / 4, bytes;
    bytes = c < SMALL ? (c + 1) * 16 : ((size_t)1 << octave) + ((c - SMALL) % 4 + 1) * ((size_t)1 << (octave - 2));
    while (pool->lists[c]) {
      Free *block = pool->lists[c];
      pool->lists[c] = block->next;
      optic_free(&core->alloc, block, bytes);
    }
  }
  pool->waiting = 0;
}

void *optic_pool_get(Core *core, size_t size)
{
  /* Whoever asks for much is about to fill it: so copies of long lists and texts count as work. */
  if (size >= 1024 && !optic_charge(core, size / 1024)) {
    return NULL;
  }
  size_t bytes, c = class_of(size, &bytes);
  struct Pool *pool = core->pool;
  if (c < CLASSES && pool->lists[c]) {
    Free *block = pool->lists[c];
    pool->lists[c] = block->next;
    pool->waiting -= bytes;
    return block;
  }
  void *block = optic_alloc(&core->alloc, bytes);
  if (!block && pool->waiting) {
    optic_pool_trim(core);
    block = optic_alloc(&core->alloc, bytes);
  }
  if (!block) {
    optic_fail_oom(&core->fault);
  }
  return block;
}

void optic_pool_put(Core *core, void *block, size_t size)
{
  if (!block) {
    return;
  }
  size_t bytes, c = class_of(size, &bytes);
  struct Pool *pool = core->pool;
  if (c == CLASSES || pool->waiting + bytes > most_waiting(core)) {
    optic_free(&core->alloc, block, bytes);
    return;
  }
  Free *entry = block;
  entry->next = pool->lists[c];
  pool->lists[c] = entry;
  pool->waiting += bytes;
}

/* ---- creation and end of the whole core: here, because the pool is its last part ---------------------------- */
bool optic_core_init(Core *core, ResizeFn *resize, void *user, const Limits *limits, uint32_t seed)
{
  *core = (Core){.limits = limits ? *limits : optic_limits_default()};
  core->stop_at = core->limits.steps ? core->limits.steps : UINT64_MAX;
  optic_alloc_init(&core->alloc, resize, user, core->limits.memory);
  optic_names_init(&core->names, &core->alloc, seed);
  core->pool = optic_zalloc(&core->alloc, sizeof *core->pool);
  return core->pool || optic_fail_oom(&core->fault);
}

void optic_core_finish(Core *core)
{
  optic_pool_trim(core);
  optic_free(&core->alloc, core->pool, sizeof *core->pool);
  core->pool = NULL;
  optic_names_finish(&core->names);
}
