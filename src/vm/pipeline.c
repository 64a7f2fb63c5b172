/* pipeline.c: what a pipeline is made of, as text: its stages, their hyperparameters and states, and the operations
 * that each carries out on the tree of updates.
 *
 * A stage inside of another (of chain, of masked ..) is found among the variables that the other's functions captured.
 * SPDX-License-Identifier: MIT */
#include "lang/compile.h"
#include "vm/machine.h"

enum { MOST_STAGES = 200 };

typedef struct Listing {
  Vm *vm;
  Text *out;
  uint32_t stages;
} Listing;

static const char *std_name(void *user, int32_t index)
{
  const Vm *vm = user;
  return index >= 0 && (uint32_t)index < vm->std_keys->count ? vm->std_keys->names[index]->text : NULL;
}

static void indent(Listing *l, uint32_t depth)
{
  optic_text_repeat(l->out, ' ', depth * 2);
}

static bool stage(Listing *l, const Transform *t, uint32_t depth);

/* The transforms that a value holds, directly or in lists and records. */
static bool stages_in(Listing *l, Value v, uint32_t depth)
{
  bool fine = optic_charge(&l->vm->core, 1); /* what is shared is met more than once */
  if (v.tag == V_TRANSFORM) {
    return fine && stage(l, v.transform, depth);
  }
  for (size_t i = 0; v.tag == V_LIST && fine && i < v.list->size; i++) {
    fine = stages_in(l, v.list->at[i], depth);
  }
  for (uint32_t i = 0; v.tag == V_RECORD && fine && i < v.record->keys->count; i++) {
    fine = stages_in(l, v.record->at[i], depth);
  }
  return fine;
}

static bool captured_stages(Listing *l, Value fn, uint32_t depth)
{
  bool fine = true;
  for (uint32_t i = 0; fn.tag == V_CLOSURE && fine && i < fn.closure->count; i++) {
    fine = stages_in(l, fn.closure->cells[i]->value, depth);
  }
  return fine;
}

/* The code of update, indented. */
static void code_of(Listing *l, const Transform *t, uint32_t depth)
{
  Text code;
  optic_text_init(&code, &l->vm->core.alloc);
  optic_dis(t->update.closure->code->proto, &code, NULL, std_name, l->vm);
  const char *line = optic_text_cstr(&code);
  while (*line) {
    size_t size = 0;
    while (line[size] && line[size] != '\n') {
      size++;
    }
    if (size) {
      indent(l, depth);
      optic_text_add(l->out, line, size);
    }
    optic_text_char(l->out, '\n');
    line += size + (line[size] == '\n');
  }
  l->out->oom |= code.oom;
  optic_text_finish(&code);
}

static bool stage(Listing *l, const Transform *t, uint32_t depth)
{
  if (l->stages++ >= MOST_STAGES) {
    return true;
  }
  indent(l, depth);
  optic_text_str(l->out, t->name->text);
  for (uint32_t i = 0; i < t->count; i++) {
    optic_text_printf(l->out, "%s%s = ", i ? ", " : "(", t->desc->hypers[i]->text);
    if (!optic_show(l->vm, t->hypers[i], l->out, true)) {
      return false;
    }
  }
  optic_text_str(l->out, t->count ? ")" : "");
  for (uint32_t i = 0; t->desc && i < t->desc->state_count; i++) {
    optic_text_printf(l->out, "%s%s", i ? ", " : "  state: ", t->desc->states[i]->text);
  }
  optic_text_char(l->out, '\n');
  if (t->desc && t->update.tag == V_CLOSURE) {
    code_of(l, t, depth + 2);
  }
  return captured_stages(l, t->update, depth + 1);
}

bool optic_pipeline_text(Vm *vm, Value transform, Text *out)
{
  Listing l = {.vm = vm, .out = out};
  optic_text_str(out, "\npipeline: the operations on the tree of updates, stage by stage\n");
  return stage(&l, transform.transform, 0) && (!out->oom || optic_fail_oom(&vm->core.fault));
}
