/* diag.c: what is said about a wrong script. See diag.h.
 * SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include <stdio.h>
#include <string.h>

enum { KEPT = 100 };

static const DiagInfo infos[] = {
#define DIAG(id, code, meaning, remedy) {#id, code, meaning, remedy},
#include "base/diag.def"
#undef DIAG
};

const DiagInfo *optic_diag_info(DiagCode code)
{
  return &infos[code < D_COUNT ? code : D_internal];
}

/* ---- the failure of a running operation --------------------------------------------------------------------- */
bool optic_fail(Fault *fault, DiagCode code, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  fault->code = code;
  fault->hint[0] = 0;
  optic_vformat(fault->message, sizeof fault->message, format, args);
  va_end(args);
  return false;
}

bool optic_fail_hint(Fault *fault, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  optic_vformat(fault->hint, sizeof fault->hint, format, args);
  va_end(args);
  return false;
}

bool optic_fail_oom(Fault *fault)
{
  fault->code = D_out_of_memory;
  strcpy(fault->message, "out of memory");
  fault->hint[0] = 0;
  return false;
}

void optic_fault_clear(Fault *fault)
{
  fault->code = D_none;
  fault->message[0] = fault->hint[0] = 0;
}

/* ---- messages with places ----------------------------------------------------------------------------------- */
void optic_diags_init(Diags *d, Alloc *alloc)
{
  *d = (Diags){0};
  optic_arena_init(&d->arena, alloc);
}

void optic_diags_finish(Diags *d)
{
  VEC_FINISH(d->arena.alloc, &d->list);
  optic_arena_finish(&d->arena);
}

static const char *formatted(Arena *arena, const char *format, va_list args)
{
  char buf[1024];
  optic_vformat(buf, sizeof buf, format, args);
  const char *copy = optic_arena_copy(arena, buf, strlen(buf));
  return copy ? copy : "out of memory";
}

static Diag *add(Diags *d, bool warning, DiagCode code, Place at, const char *format, va_list args)
{
  if (warning) {
    d->warnings++;
  } else {
    for (size_t i = 0; i < d->list.size; i++) {
      const Diag *old = &d->list.at[i];
      if (!old->warning && old->at.source == at.source && at.source && old->at.span.first == at.span.first) {
        return NULL;
      }
    }
    d->errors++;
  }
  if (d->list.size >= KEPT) {
    return NULL;
  }
  Diag *diag = VEC_PUSH(d->arena.alloc, &d->list);
  if (!diag) {
    d->arena.oom = true;
    return NULL;
  }
  *diag = (Diag){.code = code, .warning = warning, .at = at, .message = formatted(&d->arena, format, args)};
  return diag;
}

Diag *optic_diag(Diags *d, DiagCode code, Place at, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  Diag *diag = add(d, false, code, at, format, args);
  va_end(args);
  return diag;
}

Diag *optic_diag_warn(Diags *d, DiagCode code, Place at, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  Diag *diag = add(d, true, code, at, format, args);
  va_end(args);
  return diag;
}

void optic_diag_hint(Diags *d, Diag *diag, const char *format, ...)
{
  if (!diag) {
    return;
  }
  va_list args;
  va_start(args, format);
  diag->hint = formatted(&d->arena, format, args);
  va_end(args);
}

void optic_source_place(const Source *source, size_t offset, size_t *line, size_t *column)
{
  size_t bol = 0;
  *line = 1;
  for (size_t i = 0; i < offset && i < source->size; i++) {
    if (source->text[i] == '\n') {
      (*line)++;
      bol = i + 1;
    }
  }
  offset = offset < source->size ? offset : source->size;
  *column = optic_utf8_width(source->text + bol, offset - bol) + 1;
}

/* The line of text that holds `offset`, with a caret below. */
static void render_line(const Place *at, Text *out, const char *on, const char *off)
{
  enum { WIDEST = 160 };
  const Source *s = at->source;
  size_t first = at->span.first < s->size ? at->span.first : s->size;
  size_t bol = first, eol = first, line, column;
  while (bol > 0 && s->text[bol - 1] != '\n') {
    bol--;
  }
  while (eol < s->size && s->text[eol] != '\n') {
    eol++;
  }
  if (eol > bol && s->text[eol - 1] == '\r') {
    eol--;
  }
  optic_source_place(s, first, &line, &column);
  /* A very long line is shown around the place only. */
  const char *before = "", *after = "";
  if (eol - bol > WIDEST) {
    if (first - bol > WIDEST / 2) {
      bol = first - WIDEST / 2;
      while ((s->text[bol] & 0xc0) == 0x80) {
        bol++;
      }
      before = "...";
    }
    if (eol - bol > WIDEST) {
      eol = bol + WIDEST;
      while (eol > first && (s->text[eol] & 0xc0) == 0x80) {
        eol--;
      }
      after = "...";
    }
  }
  char number[24];
  int width = snprintf(number, sizeof number, "%4zu", line);
  optic_text_printf(out, "%s | %s", number, before);
  optic_text_shown(out, s->text + bol, eol - bol);
  optic_text_printf(out, "%s\n", after);
  optic_text_repeat(out, ' ', (size_t)width);
  optic_text_str(out, " | ");
  optic_text_repeat(out, ' ', strlen(before));
  for (size_t i = bol; i < first; i++) {
    if ((s->text[i] & 0xc0) != 0x80) {
      optic_text_char(out, s->text[i] == '\t' ? '\t' : ' ');
    }
  }
  size_t last = at->span.last < eol ? at->span.last : eol;
  size_t carets = last > first ? optic_utf8_width(s->text + first, last - first) : 1;
  optic_text_str(out, on);
  optic_text_repeat(out, '^', carets);
  optic_text_printf(out, "%s\n", off);
}

static void render_place(const Place *at, Text *out)
{
  size_t line, column;
  optic_source_place(at->source, at->span.first, &line, &column);
  optic_text_shown(out, at->source->name, strlen(at->source->name));
  optic_text_printf(out, ":%zu:%zu\n", line, column);
}

void optic_diag_render(const Diag *diag, Text *out, bool colour)
{
  const char *red = colour ? diag->warning ? "\x1b[1;33m" : "\x1b[1;31m" : "";
  const char *bold = colour ? "\x1b[1m" : "", *dim = colour ? "\x1b[2m" : "", *off = colour ? "\x1b[0m" : "";
  optic_text_printf(out, "%s%s%s%s: ", red, diag->warning ? "warning" : "error", off, bold);
  optic_text_shown(out, diag->message, strlen(diag->message));
  optic_text_printf(out, "%s %s[%s]%s\n", off, dim, optic_diag_info(diag->code)->code, off);
  if (diag->at.source) {
    optic_text_str(out, "  --> ");
    render_place(&diag->at, out);
    render_line(&diag->at, out, red, off);
  }
  if (diag->hint) {
    optic_text_str(out, "  hint: ");
    optic_text_shown(out, diag->hint, strlen(diag->hint));
    optic_text_char(out, '\n');
  }
  for (size_t i = 0; i < diag->call_count; i++) {
    optic_text_str(out, "  in ");
    optic_text_shown(out, diag->calls[i].function, strlen(diag->calls[i].function));
    if (diag->calls[i].times > 1) {
      optic_text_printf(out, " (%zu times in a row)", diag->calls[i].times);
    }
    if (diag->calls[i].at.source) {
      optic_text_str(out, ", called at ");
      render_place(&diag->calls[i].at, out);
    } else {
      optic_text_char(out, '\n');
    }
  }
}
