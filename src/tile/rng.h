/* rng.h: random numbers as JAX has them: threefry2x32 keys, partitionable counters.
 *
 * Element i of a draw depends on the key and on i alone. Bits equal jax.random's for the same key; floats differ by at
 * most a few units in the last place. Source: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011,
 * and the documented behaviour of jax.random (jax_threefry_partitionable, the default since JAX 0.5).
 * SPDX-License-Identifier: MIT */
#ifndef OPTIC_TILE_RNG_H
#define OPTIC_TILE_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct RngKey {
  uint32_t at[2]; /* high, low */
} RngKey;

/* jax.random.key(seed). As in JAX without 64-bit integers, a seed that fits 32 bits has a high word of 0; a negative
 * seed is passed as its 32-bit pattern. */
RngKey optic_rng_key(uint64_t seed);
/* jax.random.split(key, n)[i]; n does not matter. */
RngKey optic_rng_split(RngKey key, uint64_t i);
RngKey optic_rng_fold_in(RngKey key, uint32_t data);

/* Elements [first, first + n) of jax.random.bits(key, shape, uint32 or uint64). */
void optic_rng_bits32(RngKey key, uint64_t first, size_t n, uint32_t *out);
void optic_rng_bits64(RngKey key, uint64_t first, size_t n, uint64_t *out);

/* In [low, high). */
void optic_rng_uniform_f32(RngKey key, size_t n, float low, float high, float *out);
void optic_rng_uniform_f64(RngKey key, size_t n, double low, double high, double *out);
/* Mean 0, variance 1. */
void optic_rng_normal_f32(RngKey key, size_t n, float *out);
void optic_rng_normal_f64(RngKey key, size_t n, double *out);
/* The same, given that it lies between low and high (exclusive). */
void optic_rng_truncated_normal_f32(RngKey key, size_t n, float low, float high, float *out);
void optic_rng_truncated_normal_f64(RngKey key, size_t n, double low, double high, double *out);

/* Integers in [low, high); low where high <= low. As in JAX, bounds are cut to the type's range first, but a `high`
 * above it means "and the greatest too". */
void optic_rng_randint_i32(RngKey key, size_t n, int64_t low, int64_t high, int32_t *out);
void optic_rng_randint_u8(RngKey key, size_t n, int64_t low, int64_t high, uint8_t *out);

/* 1 with probability p, computed in f32 (jax.random.bernoulli's default mode). */
void optic_rng_bernoulli(RngKey key, size_t n, float p, uint8_t *out);

/* 0 .. n-1 in random order: jax.random.permutation(key, n). `scratch` has 2 * n elements. n fits an int32_t. */
void optic_rng_permutation(RngKey key, size_t n, int32_t *out, uint64_t *scratch);

#endif
