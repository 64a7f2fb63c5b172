/* literate.c: Markdown documents whose fenced `opt` cells are one script. See literate.h.
 * SPDX-License-Identifier: MIT */
#include "api/literate.h"

#include <string.h>

bool optic_is_literate(const char *path)
{
  size_t size = strlen(path);
  return size > 3 && strcmp(path + size - 3, ".md") == 0;
}

/* Backticks that begin the line after at most three spaces, if there are three or more; else 0. What follows is at
 * `*info`. */
static size_t fence(const char *line, size_t size, size_t *info)
{
  size_t at = 0, ticks = 0;
  while (at < size && at < 3 && line[at] == ' ') {
    at++;
  }
  while (at + ticks < size && line[at + ticks] == '`') {
    ticks++;
  }
  *info = at + ticks;
  return ticks >= 3 ? ticks : 0;
}

/* Is the first word after the fence `opt`? */
static bool is_opt(const char *line, size_t size, size_t info)
{
  while (info < size && line[info] == ' ') {
    info++;
  }
  bool word = size - info >= 3 && memcmp(line + info, "opt", 3) == 0;
  return word && (size - info == 3 || line[info + 3] == ' ' || line[info + 3] == '\r');
}

static bool is_blank(const char *line, size_t size, size_t from)
{
  while (from < size && (line[from] == ' ' || line[from] == '\r' || line[from] == '\t')) {
    from++;
  }
  return from == size;
}

void optic_literate(char *text, size_t size)
{
  size_t open = 0; /* backticks of the fence that we are in; 0: in prose */
  bool cell = false;
  for (size_t at = 0; at < size;) {
    char *line = text + at, *end = memchr(line, '\n', size - at);
    size_t length = end ? (size_t)(end - line) : size - at, info;
    size_t ticks = fence(line, length, &info);
    bool keep = cell;
    if (open && ticks >= open && is_blank(line, length, info)) {
      open = 0;
      cell = keep = false;
    } else if (!open && ticks) {
      open = ticks;
      cell = is_opt(line, length, info);
    }
    if (!keep) {
      memset(line, ' ', length);
    }
    at += length + 1;
  }
}
