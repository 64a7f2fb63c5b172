#!/usr/bin/env python3
"""Regenerate the reference numbers in data/ from JAX, Flax and Optax.

    python3 tests/parity/generate.py              everything
    python3 tests/parity/generate.py ops prng     some sections only

OPTIC_DATA names the folder with the four MNIST files (gzip or raw); the sections `perceptron` and `training` need it.
"""
import os
import sys
import time

os.environ["JAX_ENABLE_X64"] = "1"     # scalars are formed in f64, leaves stay f32: see README.md
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_THREEFRY_PARTITIONABLE"] = "1"
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

SECTIONS = ["prng", "promotion", "ops", "losses", "schedules", "transforms", "transforms_f64", "perceptron",
            "training", "flax_optim"]


def main():
    import importlib
    from oracle import common, cases_md
    wanted = sys.argv[1:] or SECTIONS
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        sys.exit(f"unknown section {unknown[0]}; there are: {' '.join(SECTIONS)}")
    os.makedirs(common.DATA, exist_ok=True)
    for name in wanted:
        start = time.time()
        importlib.import_module(f"oracle.{name}").generate()
        print(f"{name}: {time.time() - start:.0f} s", flush=True)
    cases_md.write()
    total = sum(os.path.getsize(os.path.join(common.DATA, f)) for f in os.listdir(common.DATA))
    print(f"data/: {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
