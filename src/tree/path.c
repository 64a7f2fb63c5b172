/* path.c: patterns over the paths of leaves. See leaf.h.
 *
 * Both levels, segments of a path and characters of a segment, are matched by the greedy method: after a mismatch the
 * most recent wildcard takes one more. Earlier wildcards never need another try, so no pair of pattern and text
 * positions is looked at twice for one start, and there is no recursion.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "tree/leaf.h"

typedef struct Segment {
  const char *at;
  size_t size;
} Segment;

/* Bytes of the character at s: malformed text goes byte by byte. */
static size_t character(const char *s, size_t size)
{
  uint32_t code;
  size_t n = optic_utf8_read(s, size, &code);
  return n ? n : 1;
}

static bool segment_matches(Segment p, Segment s)
{
  size_t i = 0, j = 0, star = SIZE_MAX, resume = 0;
  while (j < s.size) {
    if (i < p.size && p.at[i] == '*') {
      star = i++;
      resume = j;
    } else if (i < p.size && p.at[i] == '?') {
      i++;
      j += character(s.at + j, s.size - j);
    } else if (i < p.size && p.at[i] == s.at[j]) {
      i++;
      j++;
    } else if (star != SIZE_MAX) {
      i = star + 1;
      resume += character(s.at + resume, s.size - resume);
      j = resume;
    } else {
      return false;
    }
  }
  while (i < p.size && p.at[i] == '*') {
    i++;
  }
  return i == p.size;
}

/* The segment that starts at `at`, which is a segment's start or size + 1 for the end. */
static Segment segment(const char *text, size_t size, size_t at)
{
  const char *slash = memchr(text + at, '/', size - at);
  return (Segment){text + at, slash ? (size_t)(slash - text) - at : size - at};
}

bool optic_path_matches(const char *pattern, size_t pattern_size, const char *path, size_t path_size)
{
  /* Positions are starts of segments. A text of n segments has its end at size + 1. The empty path, which is a leaf
   * that stands alone, has no segment at all, and neither has the empty pattern. */
  size_t p_end = pattern_size ? pattern_size + 1 : 0, s_end = path_size ? path_size + 1 : 0;
  size_t i = 0, j = 0, star = SIZE_MAX, resume = 0;
  while (j < s_end) {
    Segment s = segment(path, path_size, j);
    if (i < p_end) {
      Segment p = segment(pattern, pattern_size, i);
      if (p.size == 2 && p.at[0] == '*' && p.at[1] == '*') {
        i += p.size + 1;
        star = i;
        resume = j;
        continue;
      }
      if (segment_matches(p, s)) {
        i += p.size + 1;
        j += s.size + 1;
        continue;
      }
    }
    if (star == SIZE_MAX) {
      return false;
    }
    i = star;
    resume += segment(path, path_size, resume).size + 1;
    j = resume;
  }
  while (i < p_end) {
    Segment p = segment(pattern, pattern_size, i);
    if (p.size != 2 || p.at[0] != '*' || p.at[1] != '*') {
      return false;
    }
    i += p.size + 1;
  }
  return true;
}
