/* shape.c: sizes of arrays. See array.h.
 * SPDX-License-Identifier: MIT */
#include "tree/array.h"

#include <inttypes.h>

bool optic_shape_equal(const Shape *a, const Shape *b)
{
  if (a->rank != b->rank) {
    return false;
  }
  for (uint32_t i = 0; i < a->rank; i++) {
    if (a->at[i] != b->at[i]) {
      return false;
    }
  }
  return true;
}

static bool too_large(Core *core, const Shape *s, Dtype t)
{
  char text[OPTIC_RANK * 24];
  size_t used = 0;
  for (uint32_t i = 0; i < s->rank && i < OPTIC_RANK; i++) {
    used += (size_t)optic_format(text + used, sizeof text - used, "%s%" PRId64, i ? ", " : "", s->at[i]);
  }
  text[used < sizeof text ? used : sizeof text - 1] = 0;
  return optic_fail(&core->fault, D_too_large, "an array %s[%s] passes the limit of %" PRIu64 " bytes",
                    optic_dtype_name(t), text, core->limits.tensor_bytes);
}

bool optic_shape_count(Core *core, const Shape *s, Dtype t, size_t *count)
{
  size_t n = 1, bytes;
  bool empty = false, fits = true;
  if (s->rank > OPTIC_RANK) {
    return optic_fail(&core->fault, D_shape, "an array has at most %d axes, and %" PRIu32 " are asked for", OPTIC_RANK,
                      s->rank);
  }
  for (uint32_t i = 0; i < s->rank; i++) {
    if (s->at[i] < 0) {
      return optic_fail(&core->fault, D_shape, "the size of an axis cannot be negative, as %" PRId64 " is", s->at[i]);
    }
    empty |= s->at[i] == 0;
    /* An empty array may have huge sizes beside the 0; they are bounded all the same, so that products of some of
     * them, which strides are, never overflow. */
    fits = fits && (s->at[i] == 0 || optic_size_mul(n, (size_t)s->at[i], &n));
  }
  if (!fits || !optic_size_mul(n, optic_dtype_size(t), &bytes) || bytes > core->limits.tensor_bytes ||
      bytes > PTRDIFF_MAX) {
    return too_large(core, s, t);
  }
  *count = empty ? 0 : n;
  return true;
}

bool optic_shape_broadcast(const Shape *a, const Shape *b, Shape *out)
{
  const Shape *longer = a->rank >= b->rank ? a : b, *other = longer == a ? b : a;
  Shape s = *longer;
  uint32_t shift = longer->rank - other->rank;
  for (uint32_t i = 0; i < other->rank; i++) {
    int64_t p = longer->at[shift + i], q = other->at[i];
    if (p != q && p != 1 && q != 1) {
      return false;
    }
    s.at[shift + i] = p == 1 ? q : p;
  }
  *out = s;
  return true;
}

void optic_shape_text(Text *out, const Shape *s)
{
  optic_text_char(out, '[');
  for (uint32_t i = 0; i < s->rank; i++) {
    optic_text_printf(out, "%s%" PRId64, i ? ", " : "", s->at[i]);
  }
  optic_text_char(out, ']');
}
