"""Threefry keys and what is drawn from them."""
import json
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np

from . import common

SEEDS = [0, 1, 2, 3, 7, 42, 123, 1701, 65535, 65536, 1234567890, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 5,
         2**40 + 12345, 2**53 - 1, -1, -7, -2**31, -2**40]
FOLDS = [0, 1, 2, 7, 12345, 2**31 - 1, 2**31, 2**32 - 1]
SHAPES = [[], [1], [7], [3, 5], [0], [2, 3, 4], [1001]]
RANGES = [(0, 10), (-5, 5), (3, 4), (0, 1000000), (0, 2**31 - 1), (-2**31, 2**31 - 1)]


def words(x):
    """uint32 numbers as f64, whole."""
    return np.asarray(x, np.uint32).astype(np.float64)


def key_data_x32(seeds):
    """What jax.random.key(seed) gives where 64-bit types are off."""
    code = ("import sys, json, jax; "
            "print(json.dumps([[int(v) for v in jax.random.key_data(jax.random.key(s))] "
            "for s in json.loads(sys.argv[1])]))")
    env = dict(os.environ, JAX_ENABLE_X64="0")
    out = subprocess.run([sys.executable, "-c", code, json.dumps(seeds)], env=env, check=True, capture_output=True)
    return json.loads(out.stdout)


def sample(key, shape):
    r, shape_ = jax.random, tuple(shape)
    f32, f64, bf16 = jnp.float32, jnp.float64, jnp.bfloat16
    return {
        "key": words(r.key_data(key)),
        "shape": np.asarray(shape, np.int32),
        "bits": words(r.bits(key, shape_, jnp.uint32)),
        "uniform": r.uniform(key, shape_, f32),
        "uniform_range": r.uniform(key, shape_, f32, minval=-2.5, maxval=4.0),
        "normal": r.normal(key, shape_, f32),
        "truncated_normal": r.truncated_normal(key, -2, 2, shape_, f32),
        "randint": common.numbered([r.randint(key, shape_, lo, hi, jnp.int32) for lo, hi in RANGES]),
        "bernoulli": r.bernoulli(key, f32(0.3), shape_),
        "uniform_f64": r.uniform(key, shape_, f64),
        "normal_f64": r.normal(key, shape_, f64),
        "uniform_bf16": r.uniform(key, shape_, bf16),
        "normal_bf16": r.normal(key, shape_, bf16),
    }


def many():
    """100 keys, in arrays that have one row for each."""
    r = jax.random
    seeds = [int(s) for s in common.rng("prng/many").integers(0, 2**32, 99)] + [2**32 - 1]
    keys = [r.key(s) for s in seeds]
    rows = lambda f: np.stack([np.asarray(f(k)) for k in keys])
    shape, f32 = (3, 1, 7), jnp.float32
    return {
        "seeds": np.asarray(seeds, np.float64),
        "key_data": words(rows(r.key_data)),
        "split3": words(rows(lambda k: r.key_data(r.split(k, 3)))),
        "fold_in": words(rows(lambda k: r.key_data(r.fold_in(k, np.uint32(1234567))))),
        "bits": words(rows(lambda k: r.bits(k, shape, jnp.uint32))),
        "uniform": rows(lambda k: r.uniform(k, shape, f32)),
        "normal": rows(lambda k: r.normal(k, shape, f32)),
        "truncated_normal": rows(lambda k: r.truncated_normal(k, -2, 2, shape, f32)),
        "randint": rows(lambda k: r.randint(k, shape, -5, 1000, jnp.int32)),
        "permutation": rows(lambda k: r.permutation(k, 13).astype(jnp.int32)),
    }


def generate():
    assert jax.config.jax_threefry_partitionable
    r = jax.random
    x32 = key_data_x32(SEEDS)
    keys = []
    for i, seed in enumerate(SEEDS):
        key = r.key(seed)
        assert (r.key_data(key) == r.PRNGKey(seed)).all()
        keys.append({
            "seed": np.float64(seed),
            "key_data": words(r.key_data(key)),
            "key_data_x32": np.asarray(x32[i], np.float64),
            "split2": words(r.key_data(r.split(key, 2))),
            "split5": words(r.key_data(r.split(key, 5))),
            "fold_in": words([r.key_data(r.fold_in(key, np.uint32(d))) for d in FOLDS]),
        })
    samples = [sample(r.key(seed), [7]) for seed in SEEDS]
    for seed in SEEDS[:3]:
        samples += [sample(r.key(seed), shape) for shape in SHAPES if shape not in ([7], [1001])]
    samples += [sample(r.key(seed), [1001]) for seed in SEEDS[:2]]
    permutations = []
    for seed in (0, 1, 42):
        key = r.key(seed)
        permutations.append({
            "key": words(r.key_data(key)),
            "sizes": common.numbered([r.permutation(key, n).astype(jnp.int32) for n in (1, 2, 10, 1000)]),
            "array": r.permutation(key, jnp.arange(14, dtype=jnp.float32).reshape(7, 2)),
            "array_axis1": r.permutation(key, jnp.arange(14, dtype=jnp.float32).reshape(2, 7), axis=1),
        })
    common.save("prng.npz", {
        "keys": common.numbered(keys),
        "fold_in_data": np.asarray(FOLDS, np.float64),
        "randint_ranges": np.asarray(RANGES, np.float64),
        "samples": common.numbered(samples),
        "permutations": common.numbered(permutations),
        "many": many(),
    })
