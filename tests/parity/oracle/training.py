"""The guide's model on the digits over 200 batches, and initial parameters for more keys.

Stored: all 200 losses and the norm of each leaf's gradient at each step; whole parameters and gradients at the steps 0,
50, 100 and 199 (at every step where PARITY_EVERY_STEP is set, as `tools/parity live` does; that is 60 MB). Of the initial
parameters for the keys 3 to 9 (perceptron.npz has 0 to 2 whole): every 16th row of the first kernel, the second whole.
"""
import os
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax

from . import common
from .perceptron import BATCH, Perceptron, read_idx

STEPS = 200
KEPT = [0, 50, 100, 199]
SEEDS = [3, 4, 5, 6, 7, 42, 2**32 - 1]
ROWS = 16


def generate():
    folder = os.environ.get("OPTIC_DATA")
    if not folder:
        sys.exit("set OPTIC_DATA to the folder with the MNIST files")
    images = jnp.asarray(read_idx(folder, "train-images-idx3-ubyte")[:STEPS * BATCH])
    labels = jnp.asarray(read_idx(folder, "train-labels-idx1-ubyte")[:STEPS * BATCH])
    model, tx = Perceptron(), optax.sgd(0.01)

    def loss_fn(params, image, label):
        logits = model.apply(params, image)
        return optax.softmax_cross_entropy(logits, jax.nn.one_hot(label, 10, dtype=jnp.float32)).mean()

    @jax.jit
    def step(params, state, image, label):
        loss, grads = jax.value_and_grad(loss_fn)(params, image, label)
        updates, state = tx.update(grads, state, params)
        norms = [jnp.linalg.norm(g.astype(jnp.float64)) for g in jax.tree.leaves(grads)]
        return optax.apply_updates(params, updates), state, loss, grads, jnp.stack(norms)

    params = model.init(jax.random.key(0), images[:1])
    state, losses, norms, at = tx.init(params), [], [], {}
    kept = range(STEPS) if os.environ.get("PARITY_EVERY_STEP") else KEPT
    for i in range(STEPS):
        batch = slice(i * BATCH, (i + 1) * BATCH)
        before = params
        params, state, loss, grads, norm = step(params, state, images[batch], labels[batch])
        losses.append(np.float32(loss))
        norms.append(np.asarray(norm))
        if i in kept:
            at[f"step_{i}"] = {"params": before["params"], "grads": grads["params"]}
            if i == 0:
                del at["step_0"]["params"]      # perceptron.npz has them
    inits = []
    for seed in SEEDS:
        made = model.init(jax.random.key(seed), images[:1])["params"]
        inits.append({"seed": np.float64(seed), "rows": made["Dense_0"]["kernel"][::ROWS],
                      "second": made["Dense_1"]["kernel"]})
    common.save("training.npz", {"steps": common.count(STEPS), "batch": common.count(BATCH), "losses": np.array(losses),
                                 "norms": np.array(norms), "at": at, "init": common.numbered(inits),
                                 "row_stride": common.count(ROWS)})
