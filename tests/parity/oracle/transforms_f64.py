"""The cases of transforms.py with leaves in f64, 20 steps of each (its six gradients over and over), so that what is wrong
shows beyond f32's roundings: the last updates and the parameters at the end, raveled leaf after leaf."""
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax

from . import common, transforms

STEPS = 20


def ravel(tree):
    return np.concatenate([np.asarray(x, np.float64).reshape(-1) for x in jax.tree.leaves(tree)])


def run(name, set_name, expression, sets):
    params, grads = jax.tree.map(lambda x: x.astype(jnp.float64), sets[set_name])
    tx = optax.with_extra_args_support(eval(expression, transforms.scope()))
    if name == "lookahead":
        params = optax.LookaheadParams.init_synced(params)
    state = tx.init(params)

    def step(g, value, state, params):
        extra = {} if name in transforms.NO_VALUE else {"value": value}
        updates, state = tx.update(g, state, params, **extra)
        return updates, state, optax.apply_updates(params, updates)

    for i in range(STEPS):
        at = i % transforms.STEPS
        g = jax.tree.map(lambda x: x[at], grads)
        updates, state, params = step(g, jnp.asarray(transforms.VALUES[at], jnp.float64), state, params)
    if name == "lookahead":
        updates, params = updates._asdict(), params._asdict()
    return {"updates": ravel(updates), "params": ravel(params)}


def generate():
    warnings.simplefilter("ignore")
    sets, tree = transforms.make_sets(), {}
    for name, value in transforms.CASES.items():
        set_name, expression = transforms.entry(value)
        if set_name != "bf16":
            tree[name] = run(name, set_name, expression, sets)
    common.save("transforms_f64.npz", {"steps": common.count(STEPS), "tx": tree})
