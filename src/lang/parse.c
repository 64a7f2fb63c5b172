/* parse.c: text to syntax tree. See parse.h.
 *
 * Checks the text (size, UTF-8), sets up scanner, layer and grammar, and says how it ended.
 * SPDX-License-Identifier: MIT */
#include "lang/parse.h"

#include <string.h>

#include "lang/ast_build.h"

enum { HUGE_TEXT = 1 << 30 };

Diag *optic_parse_error(Parse *p, DiagCode code, Span at, const char *format, ...)
{
  p->errors++;
  if (p->diags->list.size >= MOST_MESSAGES) {
    p->diags->errors++; /* as optic_diag would, without the work: a text may be wrong a million times */
    return NULL;
  }
  char message[600];
  va_list args;
  va_start(args, format);
  optic_vformat(message, sizeof message, format, args);
  va_end(args);
  return optic_diag(p->diags, code, (Place){p->source, at}, "%s", message);
}

/* False, with a diagnostic, where the text cannot be a script at all. */
static bool acceptable(Parse *p)
{
  const Source *s = p->source;
  uint64_t limit = p->core->limits.script_bytes && p->core->limits.script_bytes < HUGE_TEXT
                       ? p->core->limits.script_bytes
                       : HUGE_TEXT;
  if (s->size > limit) {
    optic_parse_error(p, D_too_large, (Span){0, 0}, "the script has %zu bytes: %llu are allowed", s->size,
                      (unsigned long long)limit);
    return false;
  }
  for (size_t i = 0; i < s->size;) {
    uint32_t code = 0;
    size_t n = optic_utf8_read(s->text + i, s->size - i, &code);
    Span at = {(uint32_t)i, (uint32_t)i + 1};
    if (n == 0) {
      Diag *d = optic_parse_error(p, D_not_utf8, at, "the byte 0x%02x is not UTF-8", (unsigned char)s->text[i]);
      optic_diag_hint(p->diags, d, "save the file as UTF-8");
      return false;
    }
    if (code == 0) {
      optic_parse_error(p, D_not_utf8, at, "a NUL byte: this is no text");
      return false;
    }
    i += n;
  }
  return true;
}

/* Runs scanner and grammar. False: there was no memory. Nothing in this frame changes after setjmp. */
static bool run(Parse *p, char *buffer, size_t size)
{
  if (setjmp(p->fatal)) {
    return false;
  }
  optic_scan_open(p, buffer, size);
  optic_yyparse(p);
  return true;
}

ParseResult optic_parse(Core *core, const Source *source, Arena *arena, Diags *diags, Node **root)
{
  Parse p = {.core = core, .source = source, .arena = arena, .diags = diags};
  static const char mark[] = "\xef\xbb\xbf"; /* a byte order mark is skipped */
  ParseResult result = PARSE_WRONG;
  *root = NULL;
  optic_arena_init(&p.scratch, &core->alloc);
  if (acceptable(&p)) {
    size_t skipped = source->size >= 3 && memcmp(source->text, mark, 3) == 0 ? 3 : 0, size = source->size - skipped;
    p.layer.pos = p.layer.line_start = (uint32_t)skipped;
    p.layer.line = 1;
    p.layer.line_empty = true;
    char *buffer = optic_arena_alloc(&p.scratch, size + 2);
    if (buffer && size) {
      memcpy(buffer, source->text + skipped, size);
    }
    p.oom |= !buffer || !run(&p, buffer, size);
    result = p.errors == 0 ? PARSE_OK : p.errors == 1 && p.incomplete && !p.stop ? PARSE_INCOMPLETE : PARSE_WRONG;
  }
  *root = p.root ? p.root : optic_node_list(&p, N_BLOCK, (Span){0, 0}, NULL);
  if (p.oom || p.scratch.oom || arena->oom || diags->arena.oom) {
    optic_fail_oom(&core->fault);
    result = PARSE_OOM;
  }
  optic_arena_finish(&p.scratch);
  return result;
}
