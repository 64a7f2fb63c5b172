/* file.h: the one door to files.
 *
 * Files are read whole, into memory that grows only with what arrives, and written whole: what a path names is always
 * the old content or the new one, also when the disk is full, the process is killed or the power goes; and once
 * optic_save_commit has returned true, it is the new one.
 * Failures set core->fault (D_file) with the path, the cause and, where there is one, the remedy.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_BASE_FILE_H
#define OPTIC_BASE_FILE_H

#include "base/core.h"

typedef enum FileUse {
  FILE_READ,
  FILE_CREATE, /* a new file for writing; fails with EEXIST where there is one */
  FILE_FOLDER, /* a directory, to be synchronised */
} FileUse;

typedef struct FileInfo {
  bool regular;
  uint64_t size;
} FileInfo;

/* The system calls in use, so that a host may forbid or replace files, and tests may make each of them fail. Each
 * returns what the call of that name returns where that is 0 or more, or a negated errno. Wherever a `const FileOps *`
 * is asked for, NULL means the system's own. */
typedef struct FileOps {
  void *user;
  int (*look)(void *user, const char *path, FileInfo *out); /* stat */
  int (*open)(void *user, const char *path, FileUse use);   /* a handle, 0 or more */
  int (*info)(void *user, int handle, FileInfo *out);       /* fstat */
  int64_t (*read)(void *user, int handle, void *into, size_t size);
  int64_t (*write)(void *user, int handle, const void *from, size_t size);
  int (*sync)(void *user, int handle);
  int (*close)(void *user, int handle);
  int (*rename)(void *user, const char *from, const char *to);
  int (*remove)(void *user, const char *path);
} FileOps;

const FileOps *optic_file_system(void);

typedef struct FileBytes {
  uint8_t *at; /* `size` bytes; NULL while empty */
  size_t size, cap;
} FileBytes;

/* The whole of a regular file of at most `limit` bytes. On failure `out` is empty. */
bool optic_file_read(Core *core, const FileOps *files, const char *path, uint64_t limit, FileBytes *out);
void optic_file_bytes_finish(Core *core, FileBytes *bytes);
/* Is there something to read at `path`? Sets no fault. */
bool optic_file_exists(const FileOps *files, const char *path);

/* ---- writing: begin, any number of writes, then commit or cancel ---------------------------------------------- */
typedef struct FileSave {
  Core *core;
  const FileOps *files;
  const char *path; /* the caller's; must live until the end */
  char *temporary;  /* in the same directory; NULL once there is nothing to remove */
  size_t temporary_size;
  uint8_t *buffer;
  size_t held;
  int handle;   /* -1: closed */
  int folder;   /* the directory's; -1: closed */
  uint32_t crc; /* CRC-32 of all that was written so far */
} FileSave;

/* False: the fault is set, nothing is open, and neither commit nor cancel is due. A path that names something else than
 * a regular file is refused; a symbolic link is replaced by the file. */
bool optic_save_begin(Core *core, const FileOps *files, const char *path, FileSave *save);
/* After a failure only cancel is due. */
bool optic_save_write(FileSave *save, const void *bytes, size_t size);
/* Puts the new content in place and makes it last. The save is over whether this succeeds or fails. A failure leaves
 * the old content; the one exception, said in the message, is a directory that cannot be synchronised after the
 * rename. */
bool optic_save_commit(FileSave *save);
/* Leaves the old content. The fault stays as it is. */
void optic_save_cancel(FileSave *save);

/* All at once. */
bool optic_file_write(Core *core, const FileOps *files, const char *path, const void *bytes, size_t size);

#endif
