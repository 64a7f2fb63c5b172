/* array_text.c: arrays as people read them. See array.h.
 *
 * NumPy's way: one format for the whole array, found in a first walk over the elements that are shown, so that points
 * and columns stand under each other; exponents when the numbers differ too much; beyond a thousand elements only the
 * edges of each axis. Commas as in a list of the language. A float shows the fewest digits that identify it, but never
 * more than 8 after the point, or 6 in an array that is shortened, whose rows then fit in a line. The edges are
 * narrower the more axes there are: a batch of images would fill pages.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree/array.h"

enum { MOST = 1000 /* elements shown whole */, COLUMNS = 78, MOST_DIGITS = 8, FEWER_DIGITS = 6 };

typedef struct Style {
  bool exponents;
  bool far;           /* an exponent has three digits */
  int digits;         /* after the point, at most */
  int left, right;    /* columns before the point and after it */
  int width;          /* of a whole element */
  double least, most; /* magnitudes of finite numbers other than 0 */
} Style;

typedef struct Digits {
  char at[24]; /* without point or trailing zeros; "0" for zero */
  int count;
  int exponent; /* of the first digit */
} Digits;

static double round_to(Dtype t, double x)
{
  switch (t) {
  case DT_F16:
    return (double)optic_f16_to_f32(optic_f32_to_f16((float)x));
  case DT_BF16:
    return (double)optic_bf16_to_f32(optic_f32_to_bf16((float)x));
  case DT_F32:
    return (double)(float)x;
  case DT_BOOL:
  case DT_U8:
  case DT_I32:
  case DT_F64:
  case DT_COUNT:
    break;
  }
  return x;
}

static void split(const char *text, Digits *d)
{
  const char *e = strchr(text, 'e');
  d->count = 0;
  for (const char *s = text; s < e; s++) {
    if (*s >= '0' && *s <= '9' && d->count < (int)sizeof d->at - 1) {
      d->at[d->count++] = *s;
    }
  }
  while (d->count > 1 && d->at[d->count - 1] == '0') {
    d->count--;
  }
  d->at[d->count] = 0;
  d->exponent = (int)strtol(e + 1, NULL, 10);
}

/* The fewest digits that read back as the same number of this type. */
static void shortest(Dtype t, double x, Digits *d)
{
  int few = t == DT_F64 ? 15 : t == DT_F32 ? 6 : t == DT_F16 ? 3 : 2;
  int many = t == DT_F64 ? 17 : t == DT_F32 ? 9 : t == DT_F16 ? 5 : 4;
  char buf[40];
  for (int n = few; n <= many; n++) {
    double back;
    optic_format(buf, sizeof buf, "%.*e", n - 1, fabs(x));
    if (n == many || (optic_number_read(buf, strlen(buf), &back) && round_to(t, back) == round_to(t, fabs(x)))) {
      break;
    }
  }
  split(buf, d);
}

enum { TEXT = 352 /* the largest double has 309 digits, but those are written with exponents */ };

/* "-12.5", "3.", "1.25e-05", "nan"; `*left` counts what stands before the point, `*right` what stands after it. */
static int element_text(const Array *a, size_t i, const Style *style, char *out, int *left, int *right)
{
  Dtype t = (Dtype)a->dtype;
  double x = optic_array_get(a, i);
  *right = 0;
  if (t == DT_BOOL || !optic_dtype_is_float(t) || !isfinite(x)) {
    int n = t == DT_BOOL               ? snprintf(out, TEXT, "%s", x != 0 ? "true" : "false")
            : !optic_dtype_is_float(t) ? snprintf(out, TEXT, "%" PRId64, (int64_t)x)
                                       : snprintf(out, TEXT, "%s",
                                                  isnan(x) ? "nan"
                                                  : x < 0  ? "-inf"
                                                           : "inf");
    return *left = n;
  }
  Digits d;
  int n = 0;
  shortest(t, x, &d);
  if (signbit(x)) {
    out[n++] = '-';
  }
  if (style->exponents) {
    if (d.count > style->digits + 1) {
      char buf[40];
      optic_format(buf, sizeof buf, "%.*e", style->digits, fabs(x));
      split(buf, &d);
    }
    out[n++] = d.at[0];
    *left = n;
    out[n++] = '.';
    for (int k = 1; k < d.count || k <= style->right; k++) {
      out[n++] = k < d.count ? d.at[k] : '0';
    }
    *right = n - *left - 1;
    n +=
        snprintf(out + n, TEXT - (size_t)n, "e%c%0*d", d.exponent < 0 ? '-' : '+', style->far ? 3 : 2, abs(d.exponent));
    return n;
  }
  if (d.count - 1 - d.exponent > style->digits) { /* too many digits after the point */
    char *start = out + n;
    n += optic_format(start, TEXT - (size_t)n, "%.*f", style->digits, fabs(x));
    *left = (int)(strchr(out, '.') - out);
    while (out[n - 1] == '0') {
      n--;
    }
    *right = n - *left - 1;
    return n;
  }
  for (int k = 0; k <= d.exponent || k == 0; k++) {
    out[n++] = (char)(d.exponent >= 0 && k < d.count ? d.at[k] : '0');
  }
  *left = n;
  out[n++] = '.';
  if (d.exponent < 0) {
    for (int k = -1; k > d.exponent; k--) {
      out[n++] = '0';
    }
  }
  for (int k = d.exponent < 0 ? 0 : d.exponent + 1; k < d.count; k++) {
    out[n++] = d.at[k];
  }
  if (x == 0) {
    n = *left + 1;
  }
  *right = n - *left - 1;
  return n;
}

/* ---- the elements that are shown ----------------------------------------------------------------------------- */
static int64_t edge(const Array *a)
{
  return a->shape.rank <= 2 ? 3 : a->shape.rank == 3 ? 2 : 1;
}

static bool shortened(const Array *a, uint32_t axis)
{
  return a->count > MOST && a->shape.at[axis] > 2 * edge(a);
}

/* Calls `visit` for each; `phase` is its own business. */
static void walk(const Array *a, uint32_t axis, size_t index, void (*visit)(const Array *, size_t, Style *),
                 Style *style)
{
  if (axis == a->shape.rank) {
    visit(a, index, style);
    return;
  }
  int64_t n = a->shape.at[axis];
  for (int64_t i = 0; i < n; i++) {
    if (shortened(a, axis) && i == edge(a)) {
      i = n - edge(a);
    }
    walk(a, axis + 1, index * (size_t)n + (size_t)i, visit, style);
  }
}

static void magnitudes(const Array *a, size_t i, Style *style)
{
  double x = fabs(optic_array_get(a, i));
  if (isfinite(x) && x != 0) {
    style->least = fmin(style->least, x);
    style->most = fmax(style->most, x);
  }
}

static void columns(const Array *a, size_t i, Style *style)
{
  char text[TEXT];
  int left, right, n = element_text(a, i, style, text, &left, &right);
  bool number = optic_dtype_is_float((Dtype)a->dtype) && isfinite(optic_array_get(a, i));
  if (!number) {
    style->width = n > style->width ? n : style->width;
    return;
  }
  style->left = left > style->left ? left : style->left;
  style->right = right > style->right ? right : style->right;
  int whole = style->exponents ? n : style->left + 1 + style->right;
  style->width = whole > style->width ? whole : style->width;
}

typedef struct Printer {
  Text *out;
  const Array *a;
  Style style;
  size_t indent;
  size_t column;
} Printer;

static void element(Printer *p, size_t i)
{
  char text[TEXT];
  int left, right, n = element_text(p->a, i, &p->style, text, &left, &right);
  bool point = left < n;
  int after = point && !p->style.exponents ? p->style.right - right : 0;
  int before = p->style.width - n - after;
  optic_text_repeat(p->out, ' ', before > 0 ? (size_t)before : 0);
  optic_text_add(p->out, text, (size_t)n);
  optic_text_repeat(p->out, ' ', after > 0 ? (size_t)after : 0);
}

static void new_line(Printer *p, uint32_t depth, uint32_t lines)
{
  optic_text_repeat(p->out, '\n', lines);
  optic_text_repeat(p->out, ' ', p->indent + depth);
  p->column = p->indent + depth;
}

static void last_axis(Printer *p, size_t index)
{
  uint32_t axis = p->a->shape.rank - 1;
  int64_t n = p->a->shape.at[axis];
  for (int64_t i = 0; i < n; i++) {
    bool gap = shortened(p->a, axis) && i == edge(p->a);
    size_t wide = gap ? 3 : (size_t)p->style.width;
    if (i) {
      optic_text_char(p->out, ',');
      if (p->column + wide + 3 > COLUMNS && p->column > p->indent + axis + 1) {
        new_line(p, axis + 1, 1);
      } else {
        optic_text_char(p->out, ' ');
        p->column += 1;
      }
    }
    p->column += wide + 1;
    if (gap) {
      optic_text_str(p->out, "...");
      i = n - edge(p->a) - 1;
    } else {
      element(p, index * (size_t)n + (size_t)i);
    }
  }
}

static void axis_text(Printer *p, uint32_t axis, size_t index)
{
  uint32_t rank = p->a->shape.rank;
  int64_t n = p->a->shape.at[axis];
  optic_text_char(p->out, '[');
  p->column = p->indent + axis + 1;
  if (axis == rank - 1) {
    last_axis(p, index);
  } else {
    for (int64_t i = 0; i < n; i++) {
      if (i) {
        optic_text_char(p->out, ',');
        new_line(p, axis + 1, rank - 1 - axis);
      }
      if (shortened(p->a, axis) && i == edge(p->a)) {
        optic_text_str(p->out, "...");
        i = n - edge(p->a) - 1;
        continue;
      }
      axis_text(p, axis + 1, index * (size_t)n + (size_t)i);
    }
  }
  optic_text_char(p->out, ']');
}

void optic_array_text(Text *out, const Array *a, size_t indent)
{
  if (a->shape.rank == 0) {
    double x = optic_array_get(a, 0);
    if (a->dtype == DT_BOOL) {
      optic_text_str(out, x != 0 ? "true" : "false");
    } else if (a->dtype == DT_F16 || a->dtype == DT_BF16) {
      Style style = {.digits = MOST_DIGITS, .exponents = x != 0 && (fabs(x) < 1e-4 || fabs(x) >= 1e16)};
      char text[TEXT];
      int left, right, n = element_text(a, 0, &style, text, &left, &right);
      n -= n > 0 && text[n - 1] == '.';
      optic_text_add(out, text, (size_t)n);
    } else if (a->dtype == DT_F32) {
      optic_text_float(out, (float)x);
    } else {
      optic_text_number(out, x);
    }
    return;
  }
  if (a->count == 0) {
    optic_text_str(out, "[]");
    return;
  }
  Printer p = {.out = out, .a = a, .indent = indent};
  p.style = (Style){.digits = a->count > MOST ? FEWER_DIGITS : MOST_DIGITS, .least = INFINITY};
  if (optic_dtype_is_float((Dtype)a->dtype)) {
    walk(a, 0, 0, magnitudes, &p.style);
    p.style.exponents =
        p.style.most > 0 && (p.style.most >= 1e8 || p.style.least < 1e-4 || p.style.most / p.style.least > 1000);
  }
  p.style.far = p.style.exponents && (p.style.most >= 1e100 || p.style.least < 1e-99);
  walk(a, 0, 0, columns, &p.style);
  if (p.style.exponents) { /* again: all have as many digits now as the longest */
    walk(a, 0, 0, columns, &p.style);
  }
  axis_text(&p, 0, 0);
}

void optic_array_type_text(Text *out, const Array *a)
{
  optic_text_str(out, optic_dtype_name((Dtype)a->dtype));
  optic_shape_text(out, &a->shape);
}
