/* npy.c: NumPy's format of one array. See npy.h.
 *
 * The header is the text of a Python dict, read here by a grammar of its own:
 *   header = '{' [ entry { ',' entry } [ ',' ] ] '}' blanks
 *   entry  = string ':' ( string | 'True' | 'False' | '(' [ int { ',' int } [ ',' ] ] ')' )
 * with exactly the keys descr, fortran_order and shape.
 * SPDX-License-Identifier: MIT */
#include "store/npy.h"

#include <string.h>

#include "store/key.h"

enum { MAGIC = 6, LONGEST = 1 << 16 };
static const char magic[] = "\x93NUMPY";

typedef struct Header {
  Element element;
  ByteOrder order;
  bool column_major;
  Shape shape;
} Header;

typedef struct Parser {
  Core *core;
  const char *what;
  const char *at, *end;
} Parser;

typedef struct Word {
  const char *at;
  size_t size;
} Word;

static bool is(Word w, const char *text)
{
  return strlen(text) == w.size && !memcmp(w.at, text, w.size);
}

/* ---- reading the header ------------------------------------------------------------------------------------- */
static bool malformed(Parser *p, const char *expected)
{
  return optic_fail(&p->core->fault, D_format, "`%s`: its NPY header is malformed: %s expected", p->what, expected);
}

static void skip_blanks(Parser *p)
{
  while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r')) {
    p->at++;
  }
}

static bool take(Parser *p, char c)
{
  skip_blanks(p);
  if (p->at < p->end && *p->at == c) {
    p->at++;
    return true;
  }
  return false;
}

static bool take_word(Parser *p, const char *word)
{
  size_t size = strlen(word);
  skip_blanks(p);
  if ((size_t)(p->end - p->at) >= size && !memcmp(p->at, word, size)) {
    p->at += size;
    return true;
  }
  return false;
}

static bool string(Parser *p, Word *out)
{
  char quote = take(p, '\'') ? '\'' : take(p, '"') ? '"' : 0;
  const char *first = p->at;
  while (quote && p->at < p->end && *p->at != quote && *p->at != '\\' && *p->at != '\n') {
    p->at++;
  }
  if (!quote || p->at == p->end || *p->at != quote) {
    return malformed(p, "a string");
  }
  *out = (Word){.at = first, .size = (size_t)(p->at - first)};
  p->at++;
  return true;
}

static bool integer(Parser *p, int64_t *out)
{
  skip_blanks(p);
  int64_t x = 0;
  const char *first = p->at;
  for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
    if (__builtin_mul_overflow(x, 10, &x) || __builtin_add_overflow(x, *p->at - '0', &x)) {
      return malformed(p, "a size below 2**63");
    }
  }
  *out = x;
  return p->at > first || malformed(p, "a size");
}

static bool shape(Parser *p, Shape *out)
{
  *out = (Shape){.rank = 0};
  if (!take(p, '(')) {
    return malformed(p, "a tuple for `shape`");
  }
  bool comma = true;
  while (!take(p, ')')) {
    if (!comma) {
      return malformed(p, "`,` or `)`");
    }
    if (out->rank == OPTIC_RANK) {
      return optic_fail(&p->core->fault, D_format, "`%s` has more than %d axes", p->what, OPTIC_RANK);
    }
    if (!integer(p, &out->at[out->rank++])) {
      return false;
    }
    comma = take(p, ',');
  }
  return comma || out->rank != 1 || malformed(p, "a tuple for `shape`");
}

static bool no_dtype(Parser *p, Word w)
{
  optic_fail(&p->core->fault, D_format, "`%s` has the NumPy dtype `%.*s`, which Optic has nothing for", p->what,
             (int)(w.size < 40 ? w.size : 40), w.at);
  if (is(w, "<V2") || is(w, "|V2")) {
    return optic_fail_hint(&p->core->fault, "bfloat16 has no place in NumPy's format: use .safetensors");
  }
  return optic_fail_hint(&p->core->fault, "convert it in NumPy, as with x.astype(\"float32\")");
}

static bool descr(Parser *p, Header *out)
{
  static const struct {
    const char *code;
    Element element;
  } codes[] = {{"b1", EL_BOOL}, {"i1", EL_I8},  {"u1", EL_U8},  {"i2", EL_I16}, {"u2", EL_U16}, {"i4", EL_I32},
               {"u4", EL_U32},  {"i8", EL_I64}, {"u8", EL_U64}, {"f2", EL_F16}, {"f4", EL_F32}, {"f8", EL_F64}};
  Word w;
  if (take(p, '[')) {
    return optic_fail(&p->core->fault, D_format, "`%s` holds records of several fields, which Optic cannot read",
                      p->what);
  }
  if (!string(p, &w)) {
    return false;
  }
  char first = w.size == 3 ? w.at[0] : 0;
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    Element e = codes[i].element;
    if (first && !memcmp(w.at + 1, codes[i].code, 2) &&
        (first == '<' || first == '>' || (first == '|' && optic_element_size(e) == 1))) {
      out->element = e;
      out->order = first == '>' ? BIG_ENDIAN_BYTES : LITTLE_ENDIAN_BYTES;
      return true;
    }
  }
  return no_dtype(p, w);
}

static bool entry(Parser *p, Header *out, unsigned *seen)
{
  static const char *const keys[] = {"descr", "fortran_order", "shape"};
  Word key;
  if (!string(p, &key)) {
    return false;
  }
  unsigned which = 0;
  while (which < 3 && !is(key, keys[which])) {
    which++;
  }
  if (which == 3) {
    return malformed(p, "one of `descr`, `fortran_order` and `shape`");
  }
  if (*seen & 1u << which) {
    return malformed(p, "each key once");
  }
  *seen |= 1u << which;
  if (!take(p, ':')) {
    return malformed(p, "`:`");
  }
  switch (which) {
  case 0:
    return descr(p, out);
  case 1:
    out->column_major = take_word(p, "True");
    return out->column_major || take_word(p, "False") || malformed(p, "True or False");
  default:
    return shape(p, &out->shape);
  }
}

static bool header(Parser *p, Header *out)
{
  unsigned seen = 0;
  if (!take(p, '{')) {
    return malformed(p, "`{`");
  }
  bool comma = true;
  while (!take(p, '}')) {
    if (!comma) {
      return malformed(p, "`,` or `}`");
    }
    if (!entry(p, out, &seen)) {
      return false;
    }
    comma = take(p, ',');
  }
  skip_blanks(p);
  return (seen == 7 || malformed(p, "all of `descr`, `fortran_order` and `shape`")) &&
         (p->at == p->end || malformed(p, "nothing behind `}`"));
}

/* ---- reading ------------------------------------------------------------------------------------------------ */
Array *optic_npy_read(Unpack *u)
{
  Core *core = u->core;
  uint8_t head[MAGIC + 2], sizes[4] = {0};
  if (!optic_unpack_read(u, head, sizeof head)) {
    return NULL;
  }
  if (memcmp(head, magic, MAGIC) != 0 || head[6] < 1 || head[6] > 3 || head[7] != 0) {
    optic_fail(&core->fault, D_format, "`%s` is not an array in NPY format, version 1 to 3", u->what);
    return NULL;
  }
  if (!optic_unpack_read(u, sizes, head[6] == 1 ? 2 : 4)) {
    return NULL;
  }
  size_t size = sizes[0] | (size_t)sizes[1] << 8 | (size_t)sizes[2] << 16 | (size_t)sizes[3] << 24;
  if (size > LONGEST) {
    optic_fail(&core->fault, D_format, "`%s`: its NPY header has %llu bytes, more than the limit of %d", u->what,
               (unsigned long long)size, LONGEST);
    return NULL;
  }
  if (!optic_unpack_has(u, size)) {
    return NULL;
  }
  char *text = optic_core_alloc(core, size + 1);
  Header h = {.element = EL_F32};
  Parser p = {.core = core, .what = u->what, .at = text, .end = text + size};
  bool ok = text && optic_unpack_read(u, text, size) && header(&p, &h);
  optic_free(&core->alloc, text, size + 1);
  Array *a = ok ? optic_store_read(u, h.element, h.order, h.column_major, &h.shape) : NULL;
  if (a && !optic_unpack_end(u)) {
    optic_array_drop(core, a);
    return NULL;
  }
  return a;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */
size_t optic_npy_header(Core *core, const char *what, const Array *a, uint8_t out[OPTIC_NPY_HEADER])
{
  static const char *const codes[DT_COUNT] = {
      [DT_BOOL] = "|b1", [DT_U8] = "|u1", [DT_I32] = "<i4", [DT_F16] = "<f2", [DT_F32] = "<f4", [DT_F64] = "<f8",
  };
  const char *code = optic_store_is_key(a) ? "<u4" : codes[a->dtype];
  if (!code) {
    optic_fail(&core->fault, D_dtype, "`%s` is bf16, which NumPy's formats cannot hold", what);
    optic_fail_hint(&core->fault, "save it as .safetensors, or convert it: astype(x, \"f32\")");
    return 0;
  }
  char text[OPTIC_NPY_HEADER];
  size_t size = 0;
  size += (size_t)optic_format(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (", code);
  for (uint32_t i = 0; i < a->shape.rank; i++) {
    size += (size_t)optic_format(text + size, sizeof text - size, "%lld%s", (long long)a->shape.at[i],
                                 a->shape.rank == 1      ? ","
                                 : i + 1 < a->shape.rank ? ", "
                                                         : "");
  }
  size += (size_t)optic_format(text + size, sizeof text - size, "), }");
  enum { PREFIX = MAGIC + 4, LINE = 64 };
  size_t padded = (PREFIX + size + 1 + LINE - 1) / LINE * LINE; /* the numbers begin on a multiple of 64 */
  memset(out, ' ', padded);
  memcpy(out, magic, MAGIC);
  out[6] = 1;
  out[7] = 0;
  out[8] = (uint8_t)((padded - PREFIX) & 0xff);
  out[9] = (uint8_t)((padded - PREFIX) >> 8);
  memcpy(out + PREFIX, text, size);
  out[padded - 1] = '\n';
  return padded;
}
