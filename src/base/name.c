/* name.c: interned names. See name.h.
 * SPDX-License-Identifier: MIT */
#include "base/name.h"

#include <string.h>

void optic_names_init(Names *names, Alloc *alloc, uint32_t seed)
{
  *names = (Names){.alloc = alloc, .seed = seed};
}

static size_t name_bytes(size_t size)
{
  return sizeof(Name) + size + 1;
}

void optic_names_finish(Names *names)
{
  for (size_t i = 0; i < names->cap; i++) {
    if (names->slots[i]) {
      Name *name = (Name *)(uintptr_t)names->slots[i];
      optic_free(names->alloc, name, name_bytes(name->size));
    }
  }
  optic_free(names->alloc, names->slots, names->cap * sizeof *names->slots);
  *names = (Names){.alloc = names->alloc, .seed = names->seed};
}

static uint32_t hash_bytes(uint32_t seed, const char *text, size_t size)
{
  uint64_t h = 0xcbf29ce484222325u ^ seed;
  for (size_t i = 0; i < size; i++) {
    h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
  }
  return (uint32_t)(h ^ h >> 32);
}

/* The slot that holds the name, or the empty one where it belongs. Needs a table that is not full. */
static size_t slot_of(const Names *names, uint32_t hash, const char *text, size_t size)
{
  size_t mask = names->cap - 1, i = hash & mask;
  while (names->slots[i]) {
    const Name *name = names->slots[i];
    if (name->hash == hash && name->size == size && memcmp(name->text, text, size) == 0) {
      break;
    }
    i = (i + 1) & mask;
  }
  return i;
}

static bool grow(Names *names)
{
  size_t cap = names->cap ? names->cap * 2 : 256;
  const Name **slots = optic_zalloc(names->alloc, cap * sizeof *slots);
  if (!slots) {
    return false;
  }
  Names next = {.alloc = names->alloc, .slots = slots, .cap = cap, .count = names->count, .seed = names->seed};
  for (size_t i = 0; i < names->cap; i++) {
    const Name *name = names->slots[i];
    if (name) {
      slots[slot_of(&next, name->hash, name->text, name->size)] = name;
    }
  }
  optic_free(names->alloc, names->slots, names->cap * sizeof *names->slots);
  *names = next;
  return true;
}

const Name *optic_name_find(const Names *names, const char *text, size_t size)
{
  if (names->cap == 0 || size > UINT32_MAX / 2) {
    return NULL;
  }
  return names->slots[slot_of(names, hash_bytes(names->seed, text, size), text, size)];
}

const Name *optic_name(Names *names, const char *text, size_t size)
{
  if (size > UINT32_MAX / 2 || (names->count + 1 > names->cap - names->cap / 4 && !grow(names))) {
    return NULL;
  }
  uint32_t hash = hash_bytes(names->seed, text, size);
  size_t slot = slot_of(names, hash, text, size);
  if (!names->slots[slot]) {
    Name *name = optic_alloc(names->alloc, name_bytes(size));
    if (!name) {
      return NULL;
    }
    name->size = (uint32_t)size;
    name->hash = hash;
    if (size) {
      memcpy(name->text, text, size);
    }
    name->text[size] = 0;
    names->slots[slot] = name;
    names->count++;
  }
  return names->slots[slot];
}

const Name *optic_name_cstr(Names *names, const char *text)
{
  return optic_name(names, text, strlen(text));
}

int optic_name_compare(const Name *a, const Name *b)
{
  size_t n = a->size < b->size ? a->size : b->size;
  int order = memcmp(a->text, b->text, n);
  return order ? order : a->size < b->size ? -1 : a->size > b->size;
}
