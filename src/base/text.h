/* text.h: a string that grows, and the numbers and characters in strings.
 *
 * A failed request sets `oom` and drops what follows; the caller looks once at the end.
 * Nothing here depends on the process's locale.
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_BASE_TEXT_H
#define OPTIC_BASE_TEXT_H

#include <stdarg.h>

#include "base/alloc.h"

typedef struct Text {
  Alloc *alloc;
  char *at; /* NUL after `size` bytes; NULL while empty */
  size_t size;
  size_t cap;
  bool oom;
} Text;

void optic_text_init(Text *t, Alloc *alloc);
void optic_text_finish(Text *t);
void optic_text_clear(Text *t);             /* empty, but keeps its memory */
const char *optic_text_cstr(const Text *t); /* never NULL */
void optic_text_add(Text *t, const char *bytes, size_t size);
void optic_text_str(Text *t, const char *cstr);
void optic_text_char(Text *t, char c);
void optic_text_repeat(Text *t, char c, size_t times);
void optic_text_printf(Text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void optic_text_vprintf(Text *t, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* The shortest decimal form that reads back as the same double: "3", "0.1", "1e-08", "inf", "nan". */
void optic_text_number(Text *t, double x);
/* The same for a float: the shortest that reads back as the same float. */
void optic_text_float(Text *t, float x);
/* With a JSON-like quote and escapes; bytes below 0x20 and 0x7f-0x9f come out as \u{..}. */
void optic_text_quoted(Text *t, const char *bytes, size_t size);
/* As it is, but for bytes that would steer a terminal, which come out as \u{..}. */
void optic_text_shown(Text *t, const char *bytes, size_t size);

/* vsnprintf with '.' as decimal point in every locale. */
int optic_vformat(char *out, size_t cap, const char *format, va_list args) __attribute__((format(printf, 3, 0)));
int optic_format(char *out, size_t cap, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Reads a decimal number (digits, optional point, optional exponent, optional sign) that takes up all `size` bytes.
 * False where it is malformed or out of a double's range. Underscores are not accepted. */
bool optic_number_read(const char *bytes, size_t size, double *out);

/* Bytes of the UTF-8 character at `s`, 0 where malformed; `*code` gets its code point. */
size_t optic_utf8_read(const char *s, size_t size, uint32_t *code);
/* Writes a code point, returns its bytes (at most 4), 0 for one that does not exist. */
size_t optic_utf8_write(uint32_t code, char *out);
bool optic_utf8_valid(const char *s, size_t size);
/* Columns that the text takes up on a terminal, near enough (a code point is one). */
size_t optic_utf8_width(const char *s, size_t size);

/* Edits (insert, delete, replace, swap neighbours) from a to b, counted up to `limit` + 1; for "did you mean". */
size_t optic_edit_distance(const char *a, size_t a_size, const char *b, size_t b_size, size_t limit);

#endif
