/* sweep.h: contexts whose n-th request for memory is refused.
 *
 * Each time the call must come back with an out-of-memory status or diagnostic, give back every byte, and (where memory
 * is there again) leave a context that still works.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TESTS_OOM_SWEEP_H
#define OPTIC_TESTS_OOM_SWEEP_H

#include <cmocka.h>
#include <optic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under ASan each point costs ten times as much: there a prime step through them, unless a test has few. */
#if defined(OOM_EACH)
enum { STEP = 1 };
#elif defined(__SANITIZE_ADDRESS__)
enum { STEP = 13 };
#else
enum { STEP = 1 };
#endif

typedef struct Memory {
  uint64_t used, requests;
  uint64_t fail_at; /* the request that fails, from 1; 0: none */
  bool forever;     /* and all after it */
} Memory;

static inline void *resize(void *user, void *block, size_t old_size, size_t new_size)
{
  Memory *m = user;
  if (new_size == 0) {
    free(block);
    m->used -= old_size;
    return NULL;
  }
  m->requests++;
  if (m->fail_at && (m->requests == m->fail_at || (m->forever && m->requests > m->fail_at))) {
    return NULL;
  }
  void *fresh = realloc(block, new_size);
  if (fresh) {
    m->used += new_size - old_size;
  }
  return fresh;
}

typedef struct Seen {
  bool oom; /* a diagnostic said so */
  char last[512];
} Seen;

static inline bool look(void *user, optic_stream stream, const char *text, size_t size)
{
  Seen *seen = user;
  if (stream == OPTIC_ERR) {
    size_t n = size < sizeof seen->last - 1 ? size : sizeof seen->last - 1;
    memcpy(seen->last, text, n);
    seen->last[n] = 0;
    seen->oom = seen->oom || strstr(seen->last, "E0601");
  }
  return true;
}

static inline optic_context *create(Memory *m, Seen *seen)
{
  optic_config config = optic_config_default();
  config.resize = resize;
  config.resize_user = m;
  config.write = look;
  config.write_user = seen;
  return optic_create(&config);
}

static inline optic_status run(optic_context *optic, const char *name, const char *text)
{
  return optic_run_text(optic, name, text, strlen(text));
}

/* Runs the script with the n-th request refused, for each n: alone, or with all that follow. */
static inline void fails_well(const char *script, bool forever)
{
  uint64_t points = 0;
  for (uint64_t n = 1;; n += STEP) {
    Memory m = {0};
    Seen seen = {0};
    optic_context *optic = create(&m, &seen);
    assert_non_null(optic);
    uint64_t before = m.requests;
    m.fail_at = before + n;
    m.forever = forever;
    optic_status status = run(optic, "oom.opt", script);
    bool reached = m.requests >= m.fail_at;
    m.fail_at = 0;
    if (reached) {
      points++;
      /* A cache that does without is no failure; anything else must be called what it is. */
      if (status != OPTIC_OK && status != OPTIC_OOM && !(status == OPTIC_WRONG && seen.oom)) {
        fail_msg("request %llu refused: status %d, %s", (unsigned long long)n, (int)status, seen.last);
      }
      status = run(optic, "after.opt", "z = zeros([2, 2]) + 1\nassert sum(z) == 4\n");
    }
    if (status != OPTIC_OK) {
      fail_msg("after request %llu was refused: status %d, %s", (unsigned long long)n, (int)status, seen.last);
    }
    optic_destroy(optic);
    assert_int_equal(m.used, 0);
    if (!reached) {
      break;
    }
  }
  print_message("%llu points\n", (unsigned long long)points);
  assert_true(points > 10);
}

#endif
