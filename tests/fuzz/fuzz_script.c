/* fuzz_script.c: any text at all, parsed, checked, compiled and run inside budgets, through the public functions.
 *
 * What must hold: no crash, no sanitizer report, no leak, no hang, and never more memory than the limit.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include <optic.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1 << 16, FUEL = 20000, MEMORY = 8 << 20, DEPTH = 64 };

typedef struct Meter {
  uint64_t used;
} Meter;

/* Counts, so that the limit is checked from outside. */
static void *metered(void *user, void *block, size_t old_size, size_t new_size)
{
  Meter *meter = user;
  if (meter->used - old_size + new_size > MEMORY) {
    abort(); /* the context must have refused before it asked */
  }
  void *fresh = NULL;
  if (new_size == 0) {
    free(block);
  } else if (!(fresh = realloc(block, new_size))) {
    return NULL;
  }
  meter->used += new_size - old_size;
  return fresh;
}

/* Looks at every byte of what is written, so that a sanitizer sees them. */
static bool swallow(void *user, optic_stream stream, const char *text, size_t size)
{
  unsigned sum = (unsigned)stream;
  (void)user;
  for (size_t i = 0; i < size; i++) {
    sum += (unsigned char)text[i];
  }
  return sum != UINT32_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size > LONGEST) {
    return 0;
  }
  Meter meter = {0};
  optic_config config = optic_config_default();
  config.resize = metered;
  config.resize_user = &meter;
  config.write = swallow;
  config.memory_limit = MEMORY;
  config.step_limit = FUEL;
  config.depth_limit = DEPTH;
  config.allow_files = false;
  optic_context *optic = optic_create(&config);
  if (optic) {
    /* An empty text may come with a NULL address. */
    const char *text = size ? (const char *)data : "";
    optic_check_text(optic, "fuzz.opt", text, size);
    optic_dis_text(optic, "fuzz.opt", text, size);
    optic_run_text(optic, "fuzz.opt", text, size);
    /* What stands between `#` and the end of line is a comment; `#---` also divides the text into what a REPL would be
     * given one after the other, in one context, whatever became of the parts before. */
    for (const char *from = text, *end = text + size; from < end;) {
      const char *to = memmem(from, (size_t)(end - from), "#---", 4);
      to = to ? to : end;
      if (from != text || to != end) {
        optic_run_text(optic, "part.opt", from, (size_t)(to - from));
      }
      from = to < end ? to + 4 : end;
    }
    optic_destroy(optic);
  }
  if (meter.used != 0) {
    abort(); /* something was not given back */
  }
  return 0;
}
