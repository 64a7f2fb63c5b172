/* safetensors_header.h: the header of a safetensors file, from JSON.
 *
 * The grammar is fixed, three levels deep, so there is nothing to nest and no limit to set:
 *   header = '{' [ name ':' ( tensor | metadata ) { ',' .. } ] '}' blanks
 *   tensor = '{' "dtype" ':' string, "shape" ':' ints, "data_offsets" ':' ints '}'     each once, in any order
 *   metadata (name "__metadata__", at most once) = '{' [ string ':' string { ',' .. } ] '}'
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_STORE_SAFETENSORS_HEADER_H
#define OPTIC_STORE_SAFETENSORS_HEADER_H

#include "tree/element.h"

/* A decoded string: UTF-8 without NUL inside; it lies in SafeHeader.text. */
typedef struct SafeText {
  const char *at;
  size_t size;
  size_t offset; /* of `at` in the text, while that still grows */
} SafeText;

typedef struct SafeTensor {
  SafeText name;
  Element element;
  Shape shape;
  uint64_t begin, end; /* of its bytes, after the header */
} SafeTensor;

typedef struct SafeNote {
  SafeText key, value;
  size_t raw; /* where the value's text begins in the header, behind its quote */
} SafeNote;

typedef struct SafeHeader {
  Text text; /* all strings */
  VEC(SafeTensor) tensors;
  VEC(SafeNote) notes; /* of the metadata */
} SafeHeader;

/* On failure nothing is held, but finish does no harm. Duplicate names are the caller's to find. */
bool optic_safe_header_parse(Core *core, const char *what, const char *json, size_t size, SafeHeader *out);
void optic_safe_header_finish(Core *core, SafeHeader *header);

/* The format's name for an element type: "F32". */
const char *optic_safe_dtype(Element e);

/* By bytes. */
int optic_safe_text_compare(const SafeText *a, const SafeText *b);
bool optic_safe_text_is(const SafeText *t, const char *text);

/* Adds a string in JSON's quotes. */
void optic_safe_quote(Text *out, const char *bytes, size_t size);

#endif
