/* file.c: the one door to files. See file.h.
 *
 * The order of a save is what makes it safe, and none of it can be left out: a new file in the same directory, all the
 * bytes, fsync, rename, fsync of the directory. A failed fsync is never tried again, for the kernel then calls the
 * pages clean: the whole save fails. The directory is opened first, so that the last step is unlikely to be the one
 * that fails.
 * SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
  CHUNK = 1 << 20,  /* bytes of one call, so that an interrupt is seen soon */
  BUFFER = 1 << 16, /* small writes are gathered */
  PATIENCE = 100,   /* EINTRs in a row */
  NAMES = 1000,     /* temporary names tried */
};

/* ---- the system's calls ------------------------------------------------------------------------------------- */
static int told(int result)
{
  return result < 0 ? -errno : result;
}

static void describe(const struct stat *st, FileInfo *out)
{
  *out = (FileInfo){.regular = S_ISREG(st->st_mode), .size = st->st_size > 0 ? (uint64_t)st->st_size : 0};
}

static int system_look(void *user, const char *path, FileInfo *out)
{
  (void)user;
  struct stat st;
  int result = told(stat(path, &st));
  if (result >= 0) {
    describe(&st, out);
  }
  return result;
}

static int system_open(void *user, const char *path, FileUse use)
{
  (void)user;
  switch (use) {
  case FILE_READ:
    return told(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)); /* a FIFO must not block */
  case FILE_CREATE:
    return told(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  case FILE_FOLDER:
    return told(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  return -EINVAL;
}

static int system_info(void *user, int handle, FileInfo *out)
{
  (void)user;
  struct stat st;
  int result = told(fstat(handle, &st));
  if (result >= 0) {
    describe(&st, out);
  }
  return result;
}

static int64_t system_read(void *user, int handle, void *into, size_t size)
{
  (void)user;
  ssize_t got = read(handle, into, size);
  return got < 0 ? -errno : got;
}

static int64_t system_write(void *user, int handle, const void *from, size_t size)
{
  (void)user;
  ssize_t put = write(handle, from, size);
  return put < 0 ? -errno : put;
}

static int system_sync(void *user, int handle)
{
  (void)user;
  return told(fsync(handle));
}

static int system_close(void *user, int handle)
{
  (void)user;
  return told(close(handle));
}

static int system_rename(void *user, const char *from, const char *to)
{
  (void)user;
  return told(rename(from, to));
}

static int system_remove(void *user, const char *path)
{
  (void)user;
  return told(unlink(path));
}

static const FileOps system_ops = {
    .look = system_look,
    .open = system_open,
    .info = system_info,
    .read = system_read,
    .write = system_write,
    .sync = system_sync,
    .close = system_close,
    .rename = system_rename,
    .remove = system_remove,
};

const FileOps *optic_file_system(void)
{
  return &system_ops;
}

static const FileOps *ops_of(const FileOps *files)
{
  return files ? files : &system_ops;
}

/* ---- failures ----------------------------------------------------------------------------------------------- */
/* `action`: "read", "save" .. */
static bool fail(Core *core, const char *action, const char *path, int64_t negated)
{
  int error = (int)-negated;
  char cause[160];
  if (strerror_r(error, cause, sizeof cause)) {
    optic_format(cause, sizeof cause, "error %d", error);
  }
  optic_fail(&core->fault, D_file, "cannot %s `%s`: %s", action, path, cause);
  bool reads = !strcmp(action, "read");
  switch (error) {
  case ENOENT:
    optic_fail_hint(&core->fault,
                    reads ? "check the path; one that does not begin with `/` starts at the working directory"
                          : "create the directory first");
    break;
  case EACCES:
  case EPERM:
    optic_fail_hint(&core->fault, "you lack the permission: see `ls -l`");
    break;
  case ENOSPC:
  case EDQUOT:
    optic_fail_hint(&core->fault, "free some space; the file is as it was before");
    break;
  case EROFS:
    optic_fail_hint(&core->fault, "choose a directory that can be written to");
    break;
  default:
    break;
  }
  return false;
}

/* Is a call that gave `result` to be made again? Counts in *tries; sees interrupts that the script was asked for. */
static bool again(Core *core, int64_t result, int *tries)
{
  return result == -EINTR && ++*tries < PATIENCE &&
         !(core->interrupt && atomic_load_explicit(core->interrupt, memory_order_relaxed));
}

static int open_patiently(Core *core, const FileOps *files, const char *path, FileUse use)
{
  int tries = 0, handle;
  do {
    handle = files->open(files->user, path, use);
  } while (again(core, handle, &tries));
  return handle;
}

/* ---- reading ------------------------------------------------------------------------------------------------ */
void optic_file_bytes_finish(Core *core, FileBytes *bytes)
{
  optic_free(&core->alloc, bytes->at, bytes->cap);
  *bytes = (FileBytes){0};
}

/* Room for at least one more byte: what the file says it has at first, then twice as much, if it grows under us. */
static bool make_room(Core *core, FileBytes *bytes, uint64_t first)
{
  if (bytes->size < bytes->cap) {
    return true;
  }
  size_t cap = 0;
  if (!bytes->cap) {
    cap = first < SIZE_MAX ? (size_t)first + 1 : SIZE_MAX; /* one more, to see the end */
  } else if (!optic_size_mul(bytes->cap, 2, &cap)) {
    return optic_fail_oom(&core->fault);
  }
  uint8_t *at = optic_resize(&core->alloc, bytes->at, bytes->cap, cap);
  if (!at) {
    return optic_fail_oom(&core->fault);
  }
  bytes->at = at;
  bytes->cap = cap;
  return true;
}

static bool too_large(Core *core, const char *path, uint64_t limit)
{
  return optic_fail(&core->fault, D_too_large, "`%s` has more than %llu bytes, the limit", path,
                    (unsigned long long)limit);
}

static bool read_handle(Core *core, const FileOps *files, const char *path, int handle, uint64_t limit, FileBytes *out)
{
  FileInfo info;
  int result = files->info(files->user, handle, &info);
  if (result < 0) {
    return fail(core, "read", path, result);
  }
  if (!info.regular) {
    return optic_fail(&core->fault, D_file, "cannot read `%s`: it is not a regular file", path);
  }
  if (info.size > limit) {
    return too_large(core, path, limit);
  }
  int tries = 0;
  for (;;) {
    if (!make_room(core, out, info.size)) {
      return false;
    }
    size_t want = out->cap - out->size < CHUNK ? out->cap - out->size : CHUNK;
    int64_t got = files->read(files->user, handle, out->at + out->size, want);
    if (!optic_charge(core, got > 0 ? (uint64_t)got / 256 : 0)) {
      return false;
    }
    if (again(core, got, &tries)) {
      continue;
    }
    if (got < 0) {
      return fail(core, "read", path, got);
    }
    if (got == 0) {
      return true;
    }
    tries = 0;
    out->size += (size_t)got;
    if (out->size > limit) {
      return too_large(core, path, limit);
    }
  }
}

bool optic_file_read(Core *core, const FileOps *files, const char *path, uint64_t limit, FileBytes *out)
{
  *out = (FileBytes){0};
  files = ops_of(files);
  int handle = open_patiently(core, files, path, FILE_READ);
  if (handle < 0) {
    return fail(core, "read", path, handle);
  }
  bool ok = read_handle(core, files, path, handle, limit, out);
  files->close(files->user, handle);
  if (!ok) {
    optic_file_bytes_finish(core, out);
  }
  return ok;
}

bool optic_file_exists(const FileOps *files, const char *path)
{
  FileInfo info;
  files = ops_of(files);
  return files->look(files->user, path, &info) >= 0 && info.regular;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */
static void close_handle(FileSave *save, int *handle)
{
  if (*handle >= 0) {
    save->files->close(save->files->user, *handle);
    *handle = -1;
  }
}

void optic_save_cancel(FileSave *save)
{
  close_handle(save, &save->handle);
  close_handle(save, &save->folder);
  if (save->temporary) {
    save->files->remove(save->files->user, save->temporary);
    optic_free(&save->core->alloc, save->temporary, save->temporary_size);
    save->temporary = NULL;
  }
  optic_free(&save->core->alloc, save->buffer, BUFFER);
  save->buffer = NULL;
}

/* Opens the directory, then a new file in it. */
static bool begin(FileSave *save)
{
  static const char form[] = ".optic-%ld-%d.tmp";
  Core *core = save->core;
  const FileOps *files = save->files;
  FileInfo info;
  if (files->look(files->user, save->path, &info) >= 0 && !info.regular) {
    return optic_fail(&core->fault, D_file, "cannot save `%s`: it is not a regular file", save->path);
  }
  const char *slash = strrchr(save->path, '/');
  size_t folder = slash ? (size_t)(slash - save->path) + 1 : 0; /* with its slash */
  if (!optic_size_add(folder, sizeof form + 40, &save->temporary_size)) {
    return optic_fail_oom(&core->fault);
  }
  char *name = optic_core_alloc(core, save->temporary_size);
  save->buffer = optic_core_alloc(core, BUFFER);
  if (!name || !save->buffer) {
    optic_free(&core->alloc, name, save->temporary_size);
    return false;
  }
  memcpy(name, save->path, folder);
  strcpy(name + folder, folder ? "" : ".");
  save->folder = open_patiently(core, files, name, FILE_FOLDER);
  int result = save->folder;
  for (int i = 0; save->folder >= 0 && i < NAMES; i++) {
    optic_format(name + folder, save->temporary_size - folder, form, (long)getpid(), i);
    result = save->handle = open_patiently(core, files, name, FILE_CREATE);
    if (result != -EEXIST) {
      break;
    }
  }
  if (result < 0) {
    optic_free(&core->alloc, name, save->temporary_size);
    return fail(core, "save", save->path, result);
  }
  save->temporary = name;
  return true;
}

bool optic_save_begin(Core *core, const FileOps *files, const char *path, FileSave *save)
{
  *save = (FileSave){.core = core, .files = ops_of(files), .path = path, .handle = -1, .folder = -1};
  if (!begin(save)) {
    optic_save_cancel(save);
    return false;
  }
  return true;
}

static bool put(FileSave *save, const uint8_t *bytes, size_t size)
{
  int tries = 0;
  while (size > 0) {
    int64_t done = save->files->write(save->files->user, save->handle, bytes, size < CHUNK ? size : CHUNK);
    if (!optic_charge(save->core, done > 0 ? (uint64_t)done / 256 : 0)) {
      return false;
    }
    if (again(save->core, done, &tries)) {
      continue;
    }
    if (done <= 0) {
      return fail(save->core, "save", save->path, done ? done : -EIO);
    }
    tries = 0;
    bytes += done;
    size -= (size_t)done;
  }
  return true;
}

static bool flush(FileSave *save)
{
  size_t held = save->held;
  save->held = 0;
  return put(save, save->buffer, held);
}

bool optic_save_write(FileSave *save, const void *bytes, size_t size)
{
  if (!size) {
    return true;
  }
  save->crc = (uint32_t)crc32_z(save->crc, bytes, size);
  if (size > BUFFER - save->held && !flush(save)) {
    return false;
  }
  if (size >= BUFFER) {
    return put(save, bytes, size);
  }
  memcpy(save->buffer + save->held, bytes, size);
  save->held += size;
  return true;
}

static int sync_patiently(FileSave *save, int handle)
{
  int tries = 0, result;
  do {
    result = save->files->sync(save->files->user, handle);
  } while (again(save->core, result, &tries));
  return result;
}

static bool commit(FileSave *save)
{
  const FileOps *files = save->files;
  Core *core = save->core;
  int result;
  if (!flush(save)) {
    return false;
  }
  if ((result = sync_patiently(save, save->handle)) < 0) {
    return fail(core, "save", save->path, result);
  }
  result = files->close(files->user, save->handle);
  save->handle = -1;
  if (result < 0 && result != -EINTR) { /* with EINTR it is closed all the same, and the bytes are safe */
    return fail(core, "save", save->path, result);
  }
  int tries = 0;
  do {
    result = files->rename(files->user, save->temporary, save->path);
  } while (again(core, result, &tries));
  if (result < 0) {
    return fail(core, "save", save->path, result);
  }
  optic_free(&core->alloc, save->temporary, save->temporary_size); /* nothing to remove any more */
  save->temporary = NULL;
  result = sync_patiently(save, save->folder);
  if (result < 0 && result != -EINVAL && result != -ENOTSUP) { /* some file systems have no such thing */
    fail(core, "be sure that the disk has", save->path, result);
    return optic_fail_hint(&core->fault, "the file is complete, but could be lost if the power failed now; save again");
  }
  return true;
}

bool optic_save_commit(FileSave *save)
{
  bool ok = commit(save);
  optic_save_cancel(save);
  return ok;
}

bool optic_file_write(Core *core, const FileOps *files, const char *path, const void *bytes, size_t size)
{
  FileSave save;
  if (!optic_save_begin(core, files, path, &save)) {
    return false;
  }
  if (!optic_save_write(&save, bytes, size)) {
    optic_save_cancel(&save);
    return false;
  }
  return optic_save_commit(&save);
}
