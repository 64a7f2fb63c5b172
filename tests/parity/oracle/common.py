"""What the sections share: where data goes, how arrays are written, seeded inputs."""
import os
import zlib

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.path.join(HERE, "data")

# dtypes the reader has to know; everything else is converted on the way out
PLAIN = {np.dtype(t) for t in ("float32", "float64", "int32", "uint8")}


def plain(x):
    """An array of a plain dtype: u32 -> f64, bf16 and f16 -> their bit patterns as i32, bool -> u8, i64 -> i32."""
    if hasattr(x, "dtype") and jnp.issubdtype(x.dtype, jax.dtypes.prng_key):
        x = jax.random.key_data(x)
    x = np.asarray(x)
    if x.dtype in PLAIN:
        return x
    if x.dtype == np.uint32:
        return x.astype(np.float64)
    if x.dtype in (np.dtype(ml_dtypes.bfloat16), np.dtype(np.float16)):
        return x.view(np.uint16).astype(np.int32)
    if x.dtype == np.bool_:
        return x.astype(np.uint8)
    if x.dtype == np.int64:
        assert x.size == 0 or np.abs(x).max() < 2**31
        return x.astype(np.int32)
    raise TypeError(f"no plain form for {x.dtype}")


def flatten(tree, prefix=""):
    """{'a/b': array} of nested dicts, as the reader's record tree will have it."""
    if isinstance(tree, dict):
        out = {}
        for key, value in tree.items():
            assert "/" not in str(key), key
            out.update(flatten(value, f"{prefix}/{key}" if prefix else str(key)))
        return out
    return {prefix: plain(tree)}


def count(n):
    return np.asarray(n, np.int32)


def save(name, tree):
    flat = flatten(tree)
    path = os.path.join(DATA, name)
    np.savez_compressed(path, **flat)
    print(f"  {name}: {len(flat)} entries, {os.path.getsize(path) / 1e3:.0f} kB")


def rng(name):
    """Inputs depend on the name of a case only, so adding one case changes no other."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def numbered(items):
    """[a, b] -> {'n': 2, '0': a, '1': b}: a loop over an index can walk it."""
    return {"n": count(len(items)), **{str(i): item for i, item in enumerate(items)}}
