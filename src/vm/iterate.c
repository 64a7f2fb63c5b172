/* iterate.c: what `for` walks over.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/pool.h"
#include "vm/object.h"

/* Over a list, the keys of a record, the characters of a string, the rows of an array. */
typedef struct Walker {
  Iter base;
  Value over;
  size_t at;
} Walker;

static int next_list(Vm *vm, Iter *self, Value *out)
{
  Walker *w = (Walker *)self;
  (void)vm;
  if (w->at >= w->over.list->size) {
    return 0;
  }
  *out = optic_keep(w->over.list->at[w->at++]);
  return 1;
}

static int next_key(Vm *vm, Iter *self, Value *out)
{
  Walker *w = (Walker *)self;
  const Keys *keys = w->over.record->keys;
  if (w->at >= keys->count) {
    return 0;
  }
  const Name *name = keys->names[w->at++];
  return optic_string_value(vm, name->text, name->size, out) ? 1 : -1;
}

static int next_character(Vm *vm, Iter *self, Value *out)
{
  Walker *w = (Walker *)self;
  const String *s = w->over.string;
  if (w->at >= s->size) {
    return 0;
  }
  uint32_t code;
  size_t n = optic_utf8_read(s->text + w->at, s->size - w->at, &code);
  n = n ? n : 1;
  w->at += n;
  return optic_string_value(vm, s->text + w->at - n, n, out) ? 1 : -1;
}

static int next_row(Vm *vm, Iter *self, Value *out)
{
  Walker *w = (Walker *)self;
  if (w->at >= (size_t)w->over.array->shape.at[0]) {
    return 0;
  }
  return optic_get_index(vm, w->over, optic_number((double)w->at++), out) ? 1 : -1;
}

static Iter *walker_new(Vm *vm, const IterType *type, Value over)
{
  Walker *w = optic_pool_get(&vm->core, sizeof *w);
  if (!w) {
    return NULL;
  }
  *w = (Walker){.base = {.refs = 1, .type = type}, .over = optic_keep(over)};
  return &w->base;
}

static Iter *walker_restart(Vm *vm, Iter *self)
{
  return walker_new(vm, self->type, ((Walker *)self)->over);
}

static int64_t walker_length(Vm *vm, const Iter *self)
{
  const Walker *w = (const Walker *)self;
  (void)vm;
  return w->over.tag == V_LIST     ? (int64_t)w->over.list->size
         : w->over.tag == V_RECORD ? (int64_t)w->over.record->keys->count
         : w->over.tag == V_ARRAY  ? w->over.array->shape.at[0]
                                   : -1;
}

static void walker_drop(Vm *vm, Iter *self)
{
  Walker *w = (Walker *)self;
  optic_drop(vm, w->over);
  optic_pool_put(&vm->core, w, sizeof *w);
}

static const IterType list_type = {"list iterator", next_list, walker_restart, walker_length, walker_drop};
static const IterType record_type = {"record iterator", next_key, walker_restart, walker_length, walker_drop};
static const IterType string_type = {"string iterator", next_character, walker_restart, walker_length, walker_drop};
static const IterType array_type = {"array iterator", next_row, walker_restart, walker_length, walker_drop};

bool optic_iterate(Vm *vm, Value over, Iter **out)
{
  const IterType *type = over.tag == V_LIST     ? &list_type
                         : over.tag == V_RECORD ? &record_type
                         : over.tag == V_STRING ? &string_type
                         : over.tag == V_ARRAY  ? &array_type
                                                : NULL;
  if (over.tag == V_ITER) {
    *out = over.iter->type->restart(vm, over.iter);
    return *out != NULL;
  }
  if (!type || (over.tag == V_ARRAY && over.array->shape.rank == 0)) {
    optic_fail(&vm->core.fault, D_type, "%s cannot be iterated over", optic_type_noun(vm, over));
    return over.tag == V_NUMBER ? optic_fail_hint(&vm->core.fault, "to count write range(n)") : false;
  }
  *out = walker_new(vm, type, over);
  return *out != NULL;
}

int optic_iter_next(Vm *vm, Iter *it, Value *out)
{
  return it->type->next(vm, it, out);
}

void optic_iter_drop(Vm *vm, Iter *it)
{
  if (it) {
    optic_drop(vm, (Value){.tag = V_ITER, .iter = it});
  }
}

bool optic_to_list(Vm *vm, Value over, Value *out)
{
  if (over.tag == V_LIST) {
    *out = optic_keep(over);
    return true;
  }
  Iter *it;
  if (!optic_iterate(vm, over, &it)) {
    return false;
  }
  List *list = optic_list_new(vm, 0);
  int got = list ? 1 : -1;
  while (got > 0) {
    Value v;
    if (!optic_charge(&vm->core, 1)) {
      got = -1;
      break;
    }
    got = optic_iter_next(vm, it, &v);
    if (got > 0 && !optic_list_push(vm, list, v)) {
      got = -1;
    }
  }
  optic_iter_drop(vm, it);
  if (got < 0) {
    if (list) {
      optic_drop(vm, (Value){.tag = V_LIST, .list = list});
    }
    return false;
  }
  *out = (Value){.tag = V_LIST, .list = list};
  return true;
}
