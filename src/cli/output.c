/* output.c: see output.h.
 * SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "progress.h"

bool output_all(int fd, const char *text, size_t size)
{
  while (size > 0) {
    ssize_t n = write(fd, text, size);
    if (n >= 0) {
      text += n;
      size -= (size_t)n;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      /* Somebody who shares the terminal or pipe made it non-blocking. */
      struct pollfd wait = {.fd = fd, .events = POLLOUT};
      if (poll(&wait, 1, -1) < 0 && errno != EINTR) {
        return false;
      }
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool output_colour(void)
{
  const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
  return isatty(STDERR_FILENO) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

void output_init(Output *out, bool quiet)
{
  struct stat info;
  out->used = 0;
  out->hold = fstat(STDOUT_FILENO, &info) == 0 && S_ISREG(info.st_mode);
  out->mid_line = false;
  out->quiet = quiet;
  out->broken_pipe = false;
  out->error = 0;
}

/* Sends the buffer. A terminal shows the bar and the results in one place, so the bar makes room first. */
static bool send(Output *out)
{
  if (out->used == 0) {
    return true;
  }
  if (isatty(STDOUT_FILENO)) {
    progress_clear();
    out->mid_line = out->buffer[out->used - 1] != '\n';
  }
  bool ok = output_all(STDOUT_FILENO, out->buffer, out->used);
  if (!ok && !out->error) {
    out->error = errno;
    out->broken_pipe = errno == EPIPE;
  }
  out->used = 0;
  return ok;
}

static bool write_out(Output *out, const char *text, size_t size)
{
  bool ok = true;
  if (out->error) {
    return false;
  }
  while (size > 0) {
    size_t room = sizeof out->buffer - out->used;
    size_t n = size < room ? size : room;
    memcpy(out->buffer + out->used, text, n);
    out->used += n;
    text += n;
    size -= n;
    if (out->used == sizeof out->buffer) {
      ok = send(out) && ok;
    }
  }
  return (out->hold || send(out)) && ok;
}

bool output_write(void *user, optic_stream stream, const char *text, size_t size)
{
  Output *out = user;
  switch (stream) {
  case OPTIC_OUT:
    return write_out(out, text, size);
  case OPTIC_PROGRESS:
    if (!out->quiet && !out->mid_line) {
      progress_line(text, size);
    }
    return true;
  case OPTIC_ERR:
    break;
  }
  if (out->broken_pipe) {
    return true; /* `optic ... | head -1`: the reader has what it wanted */
  }
  /* What was printed before stands before, also where both streams go into one file. */
  send(out);
  progress_clear();
  if (out->mid_line && isatty(STDERR_FILENO)) {
    output_all(STDERR_FILENO, "\n", 1);
    out->mid_line = false;
  }
  output_all(STDERR_FILENO, text, size);
  return true;
}

bool output_flush(Output *out)
{
  send(out);
  progress_clear();
  return out->error == 0;
}
