/* token.c: the values of names, numbers and strings.
 *
 * In: a token's text. Out: an interned name, a double, a string with its escapes resolved; or a diagnostic with the
 * place inside of the token.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "lang/parser.h"

#include "optic.tab.h"

enum { NUMBER_LIMIT = 400 };

bool optic_token_is_word(const Parse *p, const Token *t)
{
  if (t->kind == T_BAD || t->kind == T_YYEOF || t->at.first >= p->source->size) {
    return false;
  }
  unsigned char c = (unsigned char)p->source->text[t->at.first];
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

/* ---- names ---------------------------------------------------------------------------------------------------- */
/* Characters beyond ASCII that are no letters: punctuation, spaces, symbols, private use. Coarse, by blocks. */
static bool is_letter(uint32_t c)
{
  static const struct {
    uint32_t first, last;
  } not_letters[] = {
      {0x80, 0xa9},     {0xab, 0xb4},       {0xb6, 0xb9},        {0xbb, 0xbf},     {0xd7, 0xd7},     {0xf7, 0xf7},
      {0x2000, 0x206f}, {0x20a0, 0x20cf},   {0x2190, 0x2bff},    {0x2e00, 0x2e7f}, {0x3000, 0x3004}, {0x3008, 0x3020},
      {0xe000, 0xf8ff}, {0xfe00, 0xfe6f},   {0xfeff, 0xfeff},    {0xff00, 0xff20}, {0xff3b, 0xff40}, {0xff5b, 0xff65},
      {0xffe0, 0xffff}, {0x1f000, 0x1faff}, {0xe0000, 0x10ffff},
  };
  for (size_t i = 0; i < sizeof not_letters / sizeof *not_letters; i++) {
    if (c >= not_letters[i].first && c <= not_letters[i].last) {
      return false;
    }
  }
  return true;
}

static const char *symbol_hint(uint32_t c)
{
  switch (c) {
  case 0xa0:
  case 0x2007:
  case 0x202f:
  case 0x3000:
    return "it looks like a space: put a plain one";
  case 0x201c:
  case 0x201d:
  case 0x201e:
  case 0x2018:
  case 0x2019:
    return "strings take the plain double quote `\"`";
  case 0x2212:
  case 0x2010:
  case 0x2011:
  case 0x2013:
  case 0x2014:
    return "minus is the plain `-`";
  case 0xd7:
  case 0xb7:
  case 0x22c5:
    return "a product is written `*`";
  case 0xf7:
    return "a quotient is written `/`";
  case 0x2264:
    return "at most is written `<=`";
  case 0x2265:
    return "at least is written `>=`";
  case 0x2260:
    return "unequal is written `!=`";
  case 0x2192:
    return "a function's arrow is written `->`";
  case 0xfeff:
  case 0x200b:
  case 0x200c:
  case 0x200d:
    return "it is invisible: remove it";
  default:
    return "a name is made of letters, digits and `_`";
  }
}

static bool name_value(Parse *p, Token *t)
{
  const char *text = p->source->text + t->at.first;
  size_t size = t->at.last - t->at.first;
  for (size_t i = 0; i < size;) {
    uint32_t code = 0;
    size_t n = optic_utf8_read(text + i, size - i, &code);
    if (n == 0) {
      n = 1; /* cannot be: the text has been checked */
    } else if (code >= 0x80 && !is_letter(code)) {
      Span at = {t->at.first + (uint32_t)i, t->at.first + (uint32_t)(i + n)};
      Diag *d = optic_parse_error(p, D_bad_character, at, "the character U+%04X means nothing here", (unsigned)code);
      optic_diag_hint(p->diags, d, "%s", symbol_hint(code));
      return false;
    }
    i += n;
  }
  if (size > p->core->limits.name_bytes) {
    optic_parse_error(p, D_too_large, t->at, "a name of %zu bytes: %u are allowed", size, p->core->limits.name_bytes);
    return false;
  }
  t->value.name = optic_name(&p->core->names, text, size);
  p->oom |= !t->value.name;
  return true;
}

/* ---- numbers -------------------------------------------------------------------------------------------------- */
static bool number_value(Parse *p, Token *t)
{
  const char *text = p->source->text + t->at.first;
  size_t size = t->at.last - t->at.first, digits = 0;
  char buf[NUMBER_LIMIT + 8];
  if (size > NUMBER_LIMIT) {
    optic_parse_error(p, D_bad_number, t->at, "a number of %zu characters: %d are allowed", size, NUMBER_LIMIT);
    return false;
  }
  for (size_t i = 0; i < size; i++) {
    bool bare_point = text[i] == '.' && (digits == 0 || i + 1 == size || text[i + 1] == 'e' || text[i + 1] == 'E');
    if (text[i] == '_') {
      continue;
    }
    if (bare_point && digits == 0) {
      buf[digits++] = '0'; /* .5 and 1. as 0.5 and 1.0 */
    }
    buf[digits++] = text[i];
    if (bare_point && (i + 1 == size || text[i + 1] == 'e' || text[i + 1] == 'E')) {
      buf[digits++] = '0';
    }
  }
  if (!optic_number_read(buf, digits, &t->value.number)) {
    optic_parse_error(p, D_bad_number, t->at, "the number is out of range: a double goes up to 1.8e308");
    return false;
  }
  return true;
}

/* ---- strings -------------------------------------------------------------------------------------------------- */
static int hex(const char *s, size_t size)
{
  int value = 0;
  for (size_t i = 0; i < size; i++) {
    char c = s[i];
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0 || value > 0x10ffff) {
      return -1;
    }
    value = value * 16 + digit;
  }
  return size ? value : -1;
}

/* Reads what follows `\u`: four digits, two times four for a surrogate pair, or {digits}. Bytes taken, 0: malformed. */
static size_t unicode_escape(const char *s, size_t size, uint32_t *code)
{
  if (size && s[0] == '{') {
    const char *end = memchr(s, '}', size < 12 ? size : 12);
    int value = end ? hex(s + 1, (size_t)(end - s) - 1) : -1;
    if (value < 0) {
      return 0;
    }
    *code = (uint32_t)value;
    return (size_t)(end - s) + 1;
  }
  int high = size >= 4 ? hex(s, 4) : -1;
  if (high < 0) {
    return 0;
  }
  *code = (uint32_t)high;
  if (high >= 0xd800 && high < 0xdc00) {
    int low = size >= 10 && s[4] == '\\' && s[5] == 'u' ? hex(s + 6, 4) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
      return 0;
    }
    *code = 0x10000 + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
    return 10;
  }
  return 4;
}

static bool bad_escape(Parse *p, const Token *t, size_t offset, size_t size, const char *what)
{
  uint32_t first = t->at.first + (uint32_t)offset;
  const char *s = p->source->text + first;
  while (size < 12 && first + size < t->at.last && ((unsigned char)s[size] & 0xc0) == 0x80) {
    size++;
  }
  Diag *d = optic_parse_error(p, D_bad_string, (Span){first, first + (uint32_t)size}, "%s `%.*s`", what, (int)size, s);
  optic_diag_hint(p->diags, d, "the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0041 and \\u{1F600}");
  return false;
}

static bool string_value(Parse *p, Token *t)
{
  const char *text = p->source->text + t->at.first;
  size_t size = t->at.last - t->at.first;
  size_t quotes = size >= 6 && memcmp(text, "\"\"\"", 3) == 0 ? 3 : 1;
  /* Escapes only ever get shorter. */
  char *out = optic_arena_alloc(p->arena, size + 1);
  if (!out) {
    t->value.string = (StringValue){"", 0};
    return true;
  }
  size_t n = 0;
  for (size_t i = quotes; i < size - quotes; i++) {
    if (text[i] == '\r' && text[i + 1] == '\n') {
      continue; /* a file with CRLF means the same */
    }
    if (text[i] != '\\') {
      out[n++] = text[i];
      continue;
    }
    size_t start = i++;
    static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *found = strchr(plain, text[i]);
    uint32_t code = 0;
    if (text[i] == 'u') {
      size_t taken = unicode_escape(text + i + 1, size - quotes - i - 1, &code), bytes = 0, shown = 2;
      for (size_t k = i + 1; taken == 0 && k < size - quotes && shown < 6 && text[k] != '\\' && text[k] != ' '; k++) {
        shown++;
      }
      if (taken == 0 || (bytes = optic_utf8_write(code, out + n)) == 0) {
        return bad_escape(p, t, start, taken ? taken + 2 : shown, "malformed escape");
      }
      if (code == 0) {
        return bad_escape(p, t, start, taken + 2, "a string cannot hold the character 0:");
      }
      n += bytes;
      i += taken;
    } else if (text[i] == '\n') {
      continue; /* the line goes on */
    } else if (text[i] == '\r' && text[i + 1] == '\n') {
      i++;
    } else if (found && *found) {
      out[n++] = meant[found - plain];
    } else {
      return bad_escape(p, t, start, 2, "unknown escape");
    }
  }
  out[n] = 0;
  t->value.string = (StringValue){out, n};
  return true;
}

bool optic_token_value(Parse *p, Token *t)
{
  return t->kind == T_NUMBER ? number_value(p, t) : t->kind == T_STRING ? string_value(p, t) : name_value(p, t);
}
