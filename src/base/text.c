/* text.c: a string that grows, and the numbers and characters in strings. See text.h.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* strtod_l, uselocale */
#include "base/text.h"

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void optic_text_init(Text *t, Alloc *alloc)
{
  *t = (Text){.alloc = alloc};
}

void optic_text_finish(Text *t)
{
  optic_free(t->alloc, t->at, t->cap);
  *t = (Text){.alloc = t->alloc};
}

void optic_text_clear(Text *t)
{
  t->size = 0;
  t->oom = false;
  if (t->at) {
    t->at[0] = 0;
  }
}

const char *optic_text_cstr(const Text *t)
{
  return t->at ? t->at : "";
}

/* Room for `more` bytes and a NUL. */
static bool reserve(Text *t, size_t more)
{
  size_t need;
  if (t->oom || !optic_size_add(t->size, more, &need) || !optic_size_add(need, 1, &need)) {
    t->oom = true;
    return false;
  }
  if (need <= t->cap) {
    return true;
  }
  size_t cap = t->cap ? t->cap : 64;
  while (cap < need) {
    if (!optic_size_mul(cap, 2, &cap)) {
      cap = need;
    }
  }
  char *at = optic_resize(t->alloc, t->at, t->cap, cap);
  if (!at) {
    t->oom = true;
    return false;
  }
  t->at = at;
  t->cap = cap;
  return true;
}

void optic_text_add(Text *t, const char *bytes, size_t size)
{
  if (size && reserve(t, size)) {
    memcpy(t->at + t->size, bytes, size);
    t->size += size;
    t->at[t->size] = 0;
  }
}

void optic_text_str(Text *t, const char *cstr)
{
  optic_text_add(t, cstr, strlen(cstr));
}

void optic_text_char(Text *t, char c)
{
  optic_text_add(t, &c, 1);
}

void optic_text_repeat(Text *t, char c, size_t times)
{
  if (times && reserve(t, times)) {
    memset(t->at + t->size, c, times);
    t->size += times;
    t->at[t->size] = 0;
  }
}

int optic_vformat(char *out, size_t cap, const char *format, va_list args)
{
  /* The thread's own locale is put aside while the C library formats: a host may run under de_DE. */
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  locale_t old = c ? uselocale(c) : (locale_t)0;
  int n = vsnprintf(out, cap, format, args);
  if (c) {
    uselocale(old);
    freelocale(c);
  }
  return n;
}

int optic_format(char *out, size_t cap, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  int n = optic_vformat(out, cap, format, args);
  va_end(args);
  return n;
}

void optic_text_vprintf(Text *t, const char *format, va_list args)
{
  char small[256];
  va_list again;
  va_copy(again, args);
  int n = optic_vformat(small, sizeof small, format, args);
  if (n > 0 && (size_t)n < sizeof small) {
    optic_text_add(t, small, (size_t)n);
  } else if (n > 0 && reserve(t, (size_t)n)) {
    optic_vformat(t->at + t->size, (size_t)n + 1, format, again);
    t->size += (size_t)n;
  }
  va_end(again);
}

void optic_text_printf(Text *t, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  optic_text_vprintf(t, format, args);
  va_end(args);
}

/* Digits enough for `is_same` to hold, from few to many. */
static void shortest(Text *t, double x, int first, int last, bool single)
{
  char buf[40];
  for (int digits = first; digits <= last; digits++) {
    optic_format(buf, sizeof buf, "%.*g", digits, x);
    double back = 0;
    if (digits == last ||
        (optic_number_read(buf, strlen(buf), &back) && (single ? (float)back == (float)x : back == x))) {
      break;
    }
  }
  optic_text_str(t, buf);
}

static bool special(Text *t, double x)
{
  if (isnan(x)) {
    optic_text_str(t, "nan");
    return true;
  }
  if (isinf(x)) {
    optic_text_str(t, x < 0 ? "-inf" : "inf");
    return true;
  }
  return false;
}

void optic_text_number(Text *t, double x)
{
  if (special(t, x)) {
    return;
  }
  if (x == floor(x) && fabs(x) < 1e16) {
    optic_text_printf(t, signbit(x) && x == 0 ? "-%.0f" : "%.0f", fabs(x) == 0 ? 0.0 : x);
    return;
  }
  shortest(t, x, fabs(x) < DBL_MIN ? 1 : 15, 17, false); /* the smallest have fewer digits */
}

void optic_text_float(Text *t, float x)
{
  if (!special(t, (double)x)) {
    shortest(t, (double)x, fabsf(x) < FLT_MIN ? 1 : 6, 9, true);
  }
}

static void shown(Text *t, const char *bytes, size_t size, bool quoted)
{
  for (size_t i = 0; i < size;) {
    uint32_t code = 0;
    size_t n = optic_utf8_read(bytes + i, size - i, &code);
    unsigned char byte = (unsigned char)bytes[i];
    if (n == 0) {
      optic_text_printf(t, "\\x%02x", byte);
      i++;
      continue;
    }
    if (quoted && (code == '"' || code == '\\')) {
      optic_text_char(t, '\\');
      optic_text_char(t, (char)code);
    } else if (quoted && code == '\n') {
      optic_text_str(t, "\\n");
    } else if (quoted && code == '\t') {
      optic_text_str(t, "\\t");
    } else if ((code < 0x20 && (quoted || (code != '\n' && code != '\t'))) || (code >= 0x7f && code < 0xa0)) {
      optic_text_printf(t, "\\u{%x}", code);
    } else {
      optic_text_add(t, bytes + i, n);
    }
    i += n;
  }
}

void optic_text_quoted(Text *t, const char *bytes, size_t size)
{
  optic_text_char(t, '"');
  shown(t, bytes, size, true);
  optic_text_char(t, '"');
}

void optic_text_shown(Text *t, const char *bytes, size_t size)
{
  shown(t, bytes, size, false);
}

/* digits[.digits][e[+-]digits], the shape that the exact reading below may rely on. */
static bool well_formed(const char *s, size_t size)
{
  size_t i = 0, digits = 0;
  if (i < size && (s[i] == '-' || s[i] == '+')) {
    i++;
  }
  for (; i < size && s[i] >= '0' && s[i] <= '9'; i++) {
    digits++;
  }
  if (i < size && s[i] == '.') {
    for (i++; i < size && s[i] >= '0' && s[i] <= '9'; i++) {
      digits++;
    }
  }
  if (digits == 0) {
    return false;
  }
  if (i < size && (s[i] == 'e' || s[i] == 'E')) {
    i++;
    if (i < size && (s[i] == '-' || s[i] == '+')) {
      i++;
    }
    size_t before = i;
    for (; i < size && s[i] >= '0' && s[i] <= '9'; i++) {
    }
    if (i == before) {
      return false;
    }
  }
  return i == size;
}

bool optic_number_read(const char *bytes, size_t size, double *out)
{
  char buf[512];
  if (size >= sizeof buf || !well_formed(bytes, size)) {
    return false;
  }
  memcpy(buf, bytes, size);
  buf[size] = 0;
  /* Few digits and a small power of ten: one correctly rounded operation, no locale, no allocation. */
  static const double ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  uint64_t mantissa = 0;
  int digits = 0, scale = 0, exponent = 0;
  bool point = false, negative = buf[0] == '-';
  const char *s = buf + (buf[0] == '-' || buf[0] == '+');
  for (; *s && *s != 'e' && *s != 'E'; s++) {
    if (*s == '.') {
      point = true;
      continue;
    }
    mantissa = digits < 18 ? mantissa * 10 + (uint64_t)(*s - '0') : mantissa;
    digits += digits > 0 || *s != '0';
    scale -= point;
  }
  if (*s) {
    long e = strtol(s + 1, NULL, 10);
    exponent = e > 9999 ? 9999 : e < -9999 ? -9999 : (int)e;
  }
  exponent += scale;
  if (digits <= 15 && exponent >= -22 && exponent <= 22) {
    double m = (double)mantissa;
    double x = exponent < 0 ? m / ten[-exponent] : m * ten[exponent];
    *out = negative ? -x : x;
    return true;
  }
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!c) {
    return false;
  }
  int saved = errno;
  double x = strtod_l(buf, NULL, c);
  errno = saved;
  freelocale(c);
  if (isinf(x)) {
    return false;
  }
  *out = x;
  return true;
}

size_t optic_utf8_read(const char *s, size_t size, uint32_t *code)
{
  if (size == 0) {
    return 0;
  }
  const unsigned char *u = (const unsigned char *)s;
  if (u[0] < 0x80) {
    *code = u[0];
    return 1;
  }
  size_t n = u[0] >= 0xf0 && u[0] < 0xf5 ? 4 : u[0] >= 0xe0 && u[0] < 0xf0 ? 3 : u[0] >= 0xc2 && u[0] < 0xe0 ? 2 : 0;
  if (n == 0 || n > size) {
    return 0;
  }
  uint32_t c = u[0] & (0xffu >> (n + 1));
  for (size_t i = 1; i < n; i++) {
    if ((u[i] & 0xc0) != 0x80) {
      return 0;
    }
    c = c << 6 | (u[i] & 0x3fu);
  }
  if ((n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)) || (c >= 0xd800 && c < 0xe000)) {
    return 0;
  }
  *code = c;
  return n;
}

size_t optic_utf8_write(uint32_t code, char *out)
{
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    return 0;
  }
  size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = n - 1; i > 0; i--) {
    out[i] = (char)(0x80 | (code & 0x3f));
    code >>= 6;
  }
  out[0] = (char)((n == 2 ? 0xc0u : n == 3 ? 0xe0u : 0xf0u) | code);
  return n;
}

bool optic_utf8_valid(const char *s, size_t size)
{
  for (size_t i = 0; i < size;) {
    uint32_t code;
    size_t n = optic_utf8_read(s + i, size - i, &code);
    if (n == 0) {
      return false;
    }
    i += n;
  }
  return true;
}

size_t optic_utf8_width(const char *s, size_t size)
{
  size_t width = 0;
  for (size_t i = 0; i < size; i++) {
    width += ((unsigned char)s[i] & 0xc0) != 0x80;
  }
  return width;
}

size_t optic_edit_distance(const char *a, size_t a_size, const char *b, size_t b_size, size_t limit)
{
  enum { MOST = 64 };
  if (a_size > MOST || b_size > MOST) {
    return a_size == b_size && memcmp(a, b, a_size) == 0 ? 0 : limit + 1;
  }
  size_t rows[3][MOST + 1];
  for (size_t j = 0; j <= b_size; j++) {
    rows[0][j] = j;
  }
  for (size_t i = 1; i <= a_size; i++) {
    size_t *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t j = 1; j <= b_size; j++) {
      size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);
      best = up[j] + 1 < best ? up[j] + 1 : best;
      best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && up2[j - 2] + 1 < best) {
        best = up2[j - 2] + 1;
      }
      row[j] = best;
    }
  }
  size_t d = rows[a_size % 3][b_size];
  return d > limit ? limit + 1 : d;
}
