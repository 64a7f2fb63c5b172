/* b_flax.c: how Flax makes the key of a parameter from its module's path (tests/parity/FLAX_INIT.md).
 *
 * key of a parameter = fold_in(key, first four bytes of SHA-1(names one after another, then the number of the draw in
 * big-endian bytes, as few as it needs)). SHA-1 is that of FIPS 180-4; nothing here is a matter of security.
 * SPDX-License-Identifier: MIT */
#include "tile/rng.h"
#include "vm/builtins.h"

typedef struct Sha1 {
  uint32_t h[5];
  uint8_t block[64];
  uint64_t size; /* bytes so far */
} Sha1;

static uint32_t turn(uint32_t x, unsigned n)
{
  return x << n | x >> (32 - n);
}

static void digest_block(Sha1 *s)
{
  uint32_t w[80], a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3], e = s->h[4];
  for (size_t i = 0; i < 16; i++) {
    const uint8_t *p = s->block + 4 * i;
    w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
  }
  for (size_t i = 16; i < 80; i++) {
    w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  }
  for (size_t i = 0; i < 80; i++) {
    uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
    uint32_t k = i < 20 ? 0x5a827999u : i < 40 ? 0x6ed9eba1u : i < 60 ? 0x8f1bbcdcu : 0xca62c1d6u;
    uint32_t next = turn(a, 5) + f + e + k + w[i];
    e = d;
    d = c;
    c = turn(b, 30);
    b = a;
    a = next;
  }
  s->h[0] += a;
  s->h[1] += b;
  s->h[2] += c;
  s->h[3] += d;
  s->h[4] += e;
}

static void sha1_add(Sha1 *s, const void *bytes, size_t size)
{
  const uint8_t *p = bytes;
  for (size_t i = 0; i < size; i++) {
    s->block[s->size++ % 64] = p[i];
    if (s->size % 64 == 0) {
      digest_block(s);
    }
  }
}

/* The first four bytes of the digest. */
static uint32_t sha1_word(Sha1 *s)
{
  uint64_t bits = s->size * 8;
  sha1_add(s, "\x80", 1);
  while (s->size % 64 != 56) {
    sha1_add(s, "", 1);
  }
  for (unsigned shift = 64; shift > 0; shift -= 8) {
    uint8_t byte = (uint8_t)(bits >> (shift - 8));
    sha1_add(s, &byte, 1);
  }
  return s->h[0];
}

static bool b_fold_in_names(Vm *vm, Value *args, Value *result)
{
  static const char what[] = "fold_in_names: names";
  uint64_t key;
  List *names;
  int64_t draw;
  if (!optic_arg_key(vm, &args[0], "fold_in_names: key", &key) || !optic_arg_list(vm, &args[1], what, &names) ||
      !optic_arg_int(vm, &args[2], "fold_in_names: draw", 1, (int64_t)1 << 53, &draw)) {
    return false;
  }
  Sha1 s = {.h = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u}};
  for (size_t i = 0; i < names->size; i++) {
    const String *name;
    if (!optic_arg_string(vm, &names->at[i], what, &name)) {
      return false;
    }
    sha1_add(&s, name->text, name->size);
  }
  bool begun = false;
  for (unsigned shift = 64; shift > 0; shift -= 8) {
    uint8_t byte = (uint8_t)((uint64_t)draw >> (shift - 8));
    begun |= byte != 0;
    if (begun) {
      sha1_add(&s, &byte, 1);
    }
  }
  RngKey module = {{(uint32_t)(key >> 32), (uint32_t)key}};
  RngKey folded = optic_rng_fold_in(module, sha1_word(&s));
  *result = (Value){.tag = V_KEY, .key = (uint64_t)folded.at[0] << 32 | folded.at[1]};
  return true;
}

static const Builtin rows[] = {
    {"fold_in_names(key, names, draw)",
     "The key that Flax gives to a parameter: the `draw`-th of the module with this path of names.\n\n"
     "`names` lists the modules from the outside in; draws count from 1 in the order in which a module makes its\n"
     "parameters. Another key for the same names gives other parameters.\n\n"
     ">>> fold_in_names(key(0), [\"Dense_0\"], 1) == fold_in(key(0), 2998342421)\ntrue",
     b_fold_in_names, 0},
};

const BuiltinTable optic_b_flax = BUILTIN_TABLE(rows);
