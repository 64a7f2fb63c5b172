/* files.h: for tests of what reads and writes files: contexts whose n-th allocation fails, file systems whose n-th call
 * fails, and a directory for what is written.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TESTS_FILES_H
#define OPTIC_TESTS_FILES_H

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

/* ---- memory ------------------------------------------------------------------------------------------------- */
typedef struct Memory {
  long calls, fail_at; /* fail_at 0: never */
  bool forever;
} Memory;

static inline void *failing_resize(void *user, void *block, size_t old_size, size_t new_size)
{
  Memory *m = user;
  (void)old_size;
  if (new_size == 0) {
    free(block);
    return NULL;
  }
  m->calls++;
  if (m->fail_at && (m->calls == m->fail_at || (m->forever && m->calls > m->fail_at))) {
    return NULL;
  }
  return realloc(block, new_size);
}

/* Runs `f` with the n-th allocation failing, for each n, until it succeeds. It must fail cleanly until then. */
static inline void sweep_memory(bool (*f)(Core *core, void *user), void *user)
{
  for (int forever = 0; forever < 2; forever++) {
    bool done = false;
    for (long n = 1; !done; n++) {
      Memory m = {.forever = forever};
      Core core;
      assert_true(optic_core_init(&core, failing_resize, &m, NULL, 1));
      m.fail_at = m.calls + n;
      done = f(&core, user);
      if (!done) {
        assert_int_equal(core.fault.code, D_out_of_memory);
      }
      m.fail_at = 0;
      optic_core_finish(&core);
      assert_int_equal(core.alloc.used, 0);
      assert_true(n < 100000);
    }
  }
}

/* ---- files -------------------------------------------------------------------------------------------------- */
typedef struct Faulty {
  FileOps ops;
  long calls, fail_at; /* fail_at 0: never */
  int error;           /* 0: reads and writes only do a part */
  bool forever, hit;
} Faulty;

static inline bool faulty_now(Faulty *f)
{
  f->calls++;
  bool now = f->fail_at && (f->calls == f->fail_at || (f->forever && f->calls > f->fail_at));
  f->hit |= now;
  return now;
}

static inline int faulty_look(void *user, const char *path, FileInfo *out)
{
  return optic_file_system()->look(user, path, out); /* its failure is no failure */
}
static inline int faulty_open(void *user, const char *path, FileUse use)
{
  Faulty *f = user;
  return faulty_now(f) && f->error ? -f->error : optic_file_system()->open(NULL, path, use);
}
static inline int faulty_info(void *user, int handle, FileInfo *out)
{
  Faulty *f = user;
  return faulty_now(f) && f->error ? -f->error : optic_file_system()->info(NULL, handle, out);
}
static inline int64_t faulty_read(void *user, int handle, void *into, size_t size)
{
  Faulty *f = user;
  bool now = faulty_now(f);
  return now && f->error ? -f->error : optic_file_system()->read(NULL, handle, into, now && size > 1 ? size / 2 : size);
}
static inline int64_t faulty_write(void *user, int handle, const void *from, size_t size)
{
  Faulty *f = user;
  bool now = faulty_now(f);
  return now && f->error ? -f->error
                         : optic_file_system()->write(NULL, handle, from, now && size > 1 ? size / 2 : size);
}
static inline int faulty_sync(void *user, int handle)
{
  Faulty *f = user;
  return faulty_now(f) && f->error ? -f->error : optic_file_system()->sync(NULL, handle);
}
static inline int faulty_close(void *user, int handle)
{
  Faulty *f = user;
  int result = optic_file_system()->close(NULL, handle);
  return faulty_now(f) && f->error ? -f->error : result;
}
static inline int faulty_rename(void *user, const char *from, const char *to)
{
  Faulty *f = user;
  return faulty_now(f) && f->error ? -f->error : optic_file_system()->rename(NULL, from, to);
}
static inline int faulty_remove(void *user, const char *path)
{
  (void)user; /* if even this fails a temporary file stays, which is no damage */
  return optic_file_system()->remove(NULL, path);
}

static inline const FileOps *faulty_ops(Faulty *f)
{
  f->ops = (FileOps){f,           faulty_look,  faulty_open,   faulty_info,  faulty_read, faulty_write,
                     faulty_sync, faulty_close, faulty_rename, faulty_remove};
  return &f->ops;
}

/* ---- directories and whole files ------------------------------------------------------------------------------ */
typedef struct Folder {
  char path[64];
} Folder;

static inline void folder_make(Folder *f)
{
  strcpy(f->path, "/tmp/optic-test-XXXXXX");
  assert_non_null(mkdtemp(f->path));
}

/* "folder/name", in one of four buffers. */
static inline const char *in_folder(const Folder *f, const char *name)
{
  static char texts[4][400];
  static int next;
  char *text = texts[next++ % 4];
  snprintf(text, sizeof texts[0], "%s/%s", f->path, name);
  return text;
}

/* Removes the files in it, and how many there were. */
static inline int folder_empty(const Folder *f)
{
  int count = 0;
  DIR *d = opendir(f->path);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] != '.' || strlen(e->d_name) > 2) {
      unlink(in_folder(f, e->d_name));
      count++;
    }
  }
  closedir(d);
  return count;
}

static inline void folder_remove(const Folder *f)
{
  folder_empty(f);
  rmdir(f->path);
}

static inline void put_file(const char *path, const void *bytes, size_t size)
{
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  fclose(file);
}

/* A block of exactly `size` bytes, so that a sanitizer sees what is read past it; the caller frees it. */
static inline uint8_t *get_file(const char *path, size_t *size)
{
  FILE *file = fopen(path, "rb");
  if (!file) {
    fail_msg("%s is not there", path);
  }
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  uint8_t *bytes = malloc(*size ? *size : 1);
  assert_int_equal(fread(bytes, 1, *size, file), *size);
  fclose(file);
  return bytes;
}

/* A file of the repository. */
static inline const char *in_root(const char *path)
{
  static char text[512];
  const char *root = getenv("OPTIC_TEST_ROOT");
  snprintf(text, sizeof text, "%s/%s", root ? root : ".", path);
  return text;
}

static inline void core_make(Core *core)
{
  assert_true(optic_core_init(core, NULL, NULL, NULL, 1));
}

static inline void core_end(Core *core)
{
  optic_core_finish(core);
  assert_int_equal(core->alloc.used, 0);
}

/* The fault's code, and a part of its message (NULL: any); clears it. */
static inline void expect_fault(Core *core, DiagCode code, const char *part)
{
  if (core->fault.code != code || (part && !strstr(core->fault.message, part))) {
    fail_msg("expected %s with \"%s\", got %s: %s", optic_diag_info(code)->id, part ? part : "",
             optic_diag_info(core->fault.code)->id, core->fault.message);
  }
  optic_fault_clear(&core->fault);
}

#endif
