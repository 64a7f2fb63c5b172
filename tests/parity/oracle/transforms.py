"""Six updates of every transformation, optimizer and wrapper of Optax that is a function of given gradients."""
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib

from . import common

f32 = np.float32
STEPS = 6
VALUES = [2.0, 1.5, 1.75, 1.75, 0.9, 1.1]      # the `value` that some optimizers are given at each step


def leaves(name, shapes):
    """{path: shape} -> parameters, and gradients with a leading axis of steps. Some gradients are zero."""
    params, grads = {}, {}
    for path, shape in shapes.items():
        r = common.rng(f"transforms/{name}/{path}")
        params[path] = np.asarray(r.normal(size=shape), f32)
        scale = np.array([1.0, 0.3, 3.0, 1e-3, 1.0, 10.0]).reshape([STEPS] + [1] * len(shape))
        g = r.normal(size=[STEPS, *shape]) * scale
        if len(shape):
            g[r.uniform(size=g.shape) < 0.1] = 0
        grads[path] = np.asarray(g, f32)
    return params, grads


def nest(flat):
    tree = {}
    for path, leaf in flat.items():
        node = tree
        *outer, last = path.split("/")
        for key in outer:
            node = node.setdefault(key, {})
        node[last] = leaf
    return tree


def make_sets():
    mixed = {"s": [], "v": [5], "m": [3, 4], "t": [2, 3, 2]}
    shapes = {
        "mixed": mixed,
        "no_scalar": {k: v for k, v in mixed.items() if k != "s"},
        "matrices": {"a": [3, 4], "b": [4, 2], "c": [4, 4]},
        "nonfinite": mixed,
        "bf16": mixed,
        "module": {"Dense_0/kernel": [4, 3], "Dense_0/bias": [3], "Dense_1/kernel": [3, 2], "Dense_1/bias": [2]},
    }
    sets = {}
    for name, s in shapes.items():
        params, grads = leaves(name, s)
        if name == "nonfinite":
            grads["v"][1, 2] = np.nan
            grads["m"][2, 0, 1] = np.inf
            grads["s"][4] = -np.inf
        cast = jnp.bfloat16 if name == "bf16" else jnp.float32
        to = lambda tree: jax.tree.map(lambda x: jnp.asarray(x).astype(cast), nest(tree))
        sets[name] = (to(params), to(grads))
    return sets


SET_NAMES = ["mixed", "no_scalar", "matrices", "nonfinite", "bf16", "module"]

# --- helpers that expressions below use ------------------------------------------------------------------------------


def is_kernel(tree):
    """A tree of booleans: is the leaf's last key `kernel`?"""
    return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "kernel", tree)


def last_key(tree):
    """A tree of labels: the leaf's last key."""
    return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key, tree)


def at_least_2d(tree):
    """A tree of booleans: has the leaf two axes or more?"""
    return jax.tree.map(lambda x: x.ndim >= 2, tree)


def even_step(step, **_):
    return step % 2 == 0


# name: expression, or (set, expression). The set is `mixed` where none is named.
CASES = {
    # plain transformations
    "identity": "optax.identity()",
    "set_to_zero": "optax.set_to_zero()",
    "scale": "optax.scale(-0.1)",
    "scale_by_learning_rate": "optax.scale_by_learning_rate(0.1)",
    "scale_by_learning_rate_noflip": "optax.scale_by_learning_rate(0.1, flip_sign=False)",
    "scale_by_learning_rate_schedule": "optax.scale_by_learning_rate(optax.exponential_decay(0.1, 2, 0.5))",
    "scale_by_schedule": "optax.scale_by_schedule(optax.linear_schedule(1.0, 0.0, 4))",
    "trace": "optax.trace(decay=0.9)",
    "trace_nesterov": "optax.trace(decay=0.9, nesterov=True)",
    "ema": "optax.ema(0.9)",
    "ema_nodebias": "optax.ema(0.9, debias=False)",
    "clip": "optax.clip(0.5)",
    "clip_by_global_norm": "optax.clip_by_global_norm(1.0)",
    "clip_by_block_rms": "optax.clip_by_block_rms(0.5)",
    "adaptive_grad_clip": "optax.adaptive_grad_clip(0.1)",
    "centralize": "optax.centralize()",
    "normalize_by_update_norm": "optax.normalize_by_update_norm()",
    "scale_by_sign": "optax.scale_by_sign()",
    "zero_nans": ("nonfinite", "optax.zero_nans()"),
    "keep_params_nonnegative": "optax.keep_params_nonnegative()",
    "add_decayed_weights": "optax.add_decayed_weights(0.1)",
    "add_decayed_weights_mask": ("module", "optax.add_decayed_weights(0.1, mask=is_kernel)"),
    "add_decayed_weights_2d": "optax.add_decayed_weights(0.1, mask=at_least_2d)",
    "add_noise": "optax.add_noise(eta=0.01, gamma=0.55, key=jax.random.key(0))",
    "apply_every": "optax.apply_every(2)",
    "scale_by_adam": "optax.scale_by_adam()",
    "scale_by_adam_args": "optax.scale_by_adam(b1=0.8, b2=0.95, eps=1e-3)",
    "scale_by_adam_nesterov": "optax.scale_by_adam(nesterov=True)",
    "scale_by_adam_eps_root": "optax.scale_by_adam(eps_root=1e-4)",
    "scale_by_adam_mu_bf16": "optax.scale_by_adam(mu_dtype=jnp.bfloat16)",
    "scale_by_adamax": "optax.scale_by_adamax()",
    "scale_by_adadelta": "optax.scale_by_adadelta()",
    "scale_by_adan": "optax.scale_by_adan()",
    "scale_by_amsgrad": "optax.scale_by_amsgrad()",
    "scale_by_belief": "optax.scale_by_belief()",
    "scale_by_belief_nesterov": "optax.scale_by_belief(nesterov=True)",
    "scale_by_lion": "optax.scale_by_lion()",
    "scale_by_lion_smooth": "optax.scale_by_lion(mode='smooth', smooth_beta=2.0)",
    "scale_by_novograd": "optax.scale_by_novograd()",
    "scale_by_novograd_decay": "optax.scale_by_novograd(weight_decay=0.1)",
    "scale_by_optimistic_gradient": "optax.scale_by_optimistic_gradient(alpha=0.7, beta=0.8)",
    "scale_by_param_block_norm": "optax.scale_by_param_block_norm()",
    "scale_by_param_block_rms": "optax.scale_by_param_block_rms()",
    "scale_by_radam": "optax.scale_by_radam()",
    "scale_by_radam_nesterov": "optax.scale_by_radam(nesterov=True, b2=0.9, threshold=4.5)",
    "scale_by_rms": "optax.scale_by_rms()",
    "scale_by_rms_eps_outside": "optax.scale_by_rms(eps_in_sqrt=False, initial_scale=0.1)",
    "scale_by_rms_bias_correction": "optax.scale_by_rms(bias_correction=True)",
    "scale_by_stddev": "optax.scale_by_stddev()",
    "scale_by_stddev_bias_correction": "optax.scale_by_stddev(bias_correction=True, eps=1e-3)",
    "scale_by_rprop": "optax.scale_by_rprop(0.1)",
    "scale_by_rss": "optax.scale_by_rss()",
    "scale_by_rss_zero": "optax.scale_by_rss(initial_accumulator_value=0.0)",
    "scale_by_sm3": ("no_scalar", "optax.scale_by_sm3()"),
    "scale_by_sm3_b2": ("no_scalar", "optax.scale_by_sm3(b1=0.8, b2=0.9)"),
    "scale_by_trust_ratio": "optax.scale_by_trust_ratio()",
    "scale_by_trust_ratio_args": "optax.scale_by_trust_ratio(min_norm=0.5, trust_coefficient=0.1, eps=0.01)",
    "scale_by_yogi": "optax.scale_by_yogi()",
    "scale_by_distance_over_gradients": "optax.scale_by_distance_over_gradients()",
    "scale_by_factored_rms": "optax.scale_by_factored_rms(min_dim_size_to_factor=2)",
    "scale_by_factored_rms_matrices": ("matrices", "optax.scale_by_factored_rms(min_dim_size_to_factor=3)"),
    "scale_by_factored_rms_unfactored": "optax.scale_by_factored_rms(factored=False)",
    "scale_by_polyak": "optax.scale_by_polyak(max_learning_rate=0.5)",
    "scale_by_lbfgs": "optax.scale_by_lbfgs(memory_size=3)",
    # wrappers and routing
    "chain": "optax.chain(optax.clip(0.5), optax.trace(0.9), optax.scale(-0.01))",
    "chain_clip_adam_schedule": "optax.chain(optax.clip_by_global_norm(1.0), optax.adam(optax.warmup_cosine_decay_schedule(0.0, 0.1, 2, 6)))",
    "masked_kernel": ("module", "optax.masked(optax.adam(0.1), is_kernel)"),
    "masked_prefix": ("module", "optax.masked(optax.sgd(0.1, momentum=0.9), {'Dense_0': True, 'Dense_1': False})"),
    "masked_tree": ("module", "optax.masked(optax.scale(2.0), {'Dense_0': {'kernel': True, 'bias': False}, 'Dense_1': {'kernel': False, 'bias': True}})"),
    "masked_clip_norm": ("module", "optax.masked(optax.clip_by_global_norm(0.5), is_kernel)"),
    "multi_transform": ("module", "optax.multi_transform({'kernel': optax.adam(0.1), 'bias': optax.sgd(0.2, momentum=0.9)}, last_key)"),
    "partition": ("module", "optax.partition({'kernel': optax.chain(optax.clip_by_global_norm(0.5), optax.scale(-0.1)), 'bias': optax.scale(-0.01)}, last_key)"),
    "partition_prefix": ("module", "optax.partition({'a': optax.adam(0.1), 'b': optax.set_to_zero()}, {'Dense_0': 'a', 'Dense_1': 'b'})"),
    "freeze": ("module", "optax.chain(optax.adam(0.1), optax.freeze(is_kernel))"),
    "selective_transform": ("module", "optax.selective_transform(optax.adam(0.1), freeze_mask=is_kernel)"),
    "apply_if_finite": ("nonfinite", "optax.apply_if_finite(optax.adam(0.1), 5)"),
    "apply_if_finite_limit": ("nonfinite", "optax.apply_if_finite(optax.sgd(0.1), 1)"),
    "conditionally_transform": "optax.conditionally_transform(optax.sgd(0.1, momentum=0.9), even_step)",
    "conditionally_mask": "optax.conditionally_mask(optax.sgd(0.1, momentum=0.9), even_step)",
    "MultiSteps": "optax.MultiSteps(optax.adam(0.1), 3).gradient_transformation()",
    "MultiSteps_sum": "optax.MultiSteps(optax.sgd(0.1, momentum=0.9), 2, use_grad_mean=False).gradient_transformation()",
    "MultiSteps_schedule": "optax.MultiSteps(optax.adam(0.1), lambda step: jnp.where(step < 1, 1, 2)).gradient_transformation()",
    "MultiSteps_skip": ("nonfinite", "optax.MultiSteps(optax.adam(0.1), 2, should_skip_update_fn=optax.skip_not_finite).gradient_transformation()"),
    "flatten": "optax.flatten(optax.adam(0.1))",
    "inject_hyperparams": "optax.inject_hyperparams(optax.adamw)(learning_rate=optax.linear_schedule(0.1, 0.0, 5), b1=0.85, weight_decay=lambda step: 0.1 / (step + 1))",
    "lookahead": "optax.lookahead(optax.sgd(0.1), sync_period=2, slow_step_size=0.5)",
    # optimizers
    "sgd": "optax.sgd(0.1)",
    "sgd_momentum": "optax.sgd(0.1, momentum=0.9)",
    "sgd_nesterov": "optax.sgd(0.1, momentum=0.9, nesterov=True)",
    "sgd_schedule": "optax.sgd(optax.linear_schedule(0.1, 0.0, 5), momentum=0.9)",
    "adam": "optax.adam(0.1)",
    "adam_nesterov": "optax.adam(0.1, nesterov=True)",
    "adam_args": "optax.adam(0.01, b1=0.8, b2=0.95, eps=1e-3, eps_root=1e-4)",
    "adam_schedule": "optax.adam(optax.cosine_decay_schedule(0.1, 6))",
    "adamw": "optax.adamw(0.1)",
    "adamw_mask": ("module", "optax.adamw(0.1, weight_decay=0.1, mask=is_kernel)"),
    "adamw_nesterov": "optax.adamw(0.1, weight_decay=0.01, nesterov=True)",
    "adamax": "optax.adamax(0.1)",
    "adamaxw": "optax.adamaxw(0.1, weight_decay=0.01)",
    "nadam": "optax.nadam(0.1)",
    "nadamw": "optax.nadamw(0.1, weight_decay=0.01)",
    "radam": "optax.radam(0.1)",
    "amsgrad": "optax.amsgrad(0.1)",
    "adabelief": "optax.adabelief(0.1)",
    "adadelta": "optax.adadelta(0.1)",
    "adadelta_decay": "optax.adadelta(0.1, rho=0.8, weight_decay=0.1)",
    "adagrad": "optax.adagrad(0.1)",
    "adafactor": "optax.adafactor(0.1)",
    "adafactor_factored": "optax.adafactor(0.1, min_dim_size_to_factor=2)",
    "adafactor_momentum": ("matrices", "optax.adafactor(0.1, min_dim_size_to_factor=2, momentum=0.9, weight_decay_rate=0.01, clipping_threshold=0.5)"),
    "adafactor_no_rate": "optax.adafactor(min_dim_size_to_factor=2)",
    "adan": "optax.adan(0.1)",
    "adan_decay": "optax.adan(0.1, weight_decay=0.1)",
    "fromage": "optax.fromage(0.1)",
    "lamb": "optax.lamb(0.1)",
    "lamb_mask": ("module", "optax.lamb(0.1, weight_decay=0.1, mask=is_kernel)"),
    "lars": "optax.lars(0.1)",
    "lars_args": ("module", "optax.lars(0.1, weight_decay=0.1, weight_decay_mask=is_kernel, trust_ratio_mask=is_kernel, nesterov=True)"),
    "lion": "optax.lion(0.1)",
    "lion_mask": ("module", "optax.lion(0.1, b1=0.95, b2=0.98, weight_decay=0.1, mask=is_kernel)"),
    "noisy_sgd": "optax.noisy_sgd(0.1, key=jax.random.key(1))",
    "novograd": "optax.novograd(0.1)",
    "novograd_decay": "optax.novograd(0.1, weight_decay=0.1)",
    "optimistic_gradient_descent": "optax.optimistic_gradient_descent(0.1, alpha=0.7, beta=0.8)",
    "optimistic_adam_v2": "optax.optimistic_adam_v2(0.1)",
    "polyak_sgd": "optax.polyak_sgd(max_learning_rate=0.5, f_min=0.1)",
    "polyak_sgd_plus": "optax.polyak_sgd(variant='sps+', eps=0.01, f_min=1.0)",
    "rmsprop": "optax.rmsprop(0.1)",
    "rmsprop_centered": "optax.rmsprop(0.1, decay=0.8, centered=True, momentum=0.9)",
    "rmsprop_nesterov": "optax.rmsprop(0.1, momentum=0.9, nesterov=True, initial_scale=1.0, eps_in_sqrt=False)",
    "rmsprop_bias_correction": "optax.rmsprop(0.1, bias_correction=True)",
    "rprop": "optax.rprop(0.1)",
    "rprop_args": "optax.rprop(0.1, eta_minus=0.3, eta_plus=1.5, min_step_size=0.05, max_step_size=0.2)",
    "sign_sgd": "optax.sign_sgd(0.1)",
    "signum": "optax.signum(0.1)",
    "sm3": ("no_scalar", "optax.sm3(0.1)"),
    "yogi": "optax.yogi(0.1)",
    "lbfgs": "optax.lbfgs(0.1, memory_size=3, linesearch=None)",
    # contrib
    "acprop": "optax.contrib.acprop(0.1)",
    "ademamix": "optax.contrib.ademamix(0.1)",
    "ademamix_decay": "optax.contrib.ademamix(0.1, b3=0.99, alpha=2.0, weight_decay=0.1)",
    "simplified_ademamix": "optax.contrib.simplified_ademamix(0.1, alpha=1.0)",
    "adopt": "optax.contrib.adopt(0.1)",
    "adopt_nesterov": "optax.contrib.adopt(0.1, nesterov=True, use_clipping=False)",
    "cocob": "optax.contrib.cocob()",
    "dadapt_adamw": "optax.contrib.dadapt_adamw()",
    "dog": "optax.contrib.dog()",
    "dowg": "optax.contrib.dowg()",
    "galore": ("matrices", "optax.contrib.galore(0.1, rank=2, update_proj_gap=3)"),
    "madgrad": "optax.contrib.madgrad(0.1)",
    "mechanize": "optax.contrib.mechanize(optax.sgd(0.1))",
    "momo": "optax.contrib.momo(0.5)",
    "momo_adam": "optax.contrib.momo_adam(0.1)",
    "muon": ("matrices", "optax.contrib.muon(0.1)"),
    "muon_mixed": "optax.contrib.muon(0.1, weight_decay=0.1, adam_weight_decay=0.01)",
    "muon_args": ("matrices", "optax.contrib.muon(0.1, ns_steps=3, beta=0.9, nesterov=False)"),
    "muon_adaptive": ("matrices", "optax.contrib.muon(0.1, adaptive=True)"),
    "muon_consistent_rms": ("matrices", "optax.contrib.muon(0.1, consistent_rms=0.2)"),
    "scale_by_muon": ("matrices", "optax.contrib.scale_by_muon(weight_dimension_numbers=lambda t: jax.tree.map(lambda _: optax.contrib.MuonDimensionNumbers(), t))"),
    "normalize": "optax.contrib.normalize()",
    "prodigy": "optax.contrib.prodigy()",
    "reduce_on_plateau": "optax.chain(optax.sgd(0.1), optax.contrib.reduce_on_plateau(factor=0.5, patience=1, cooldown=1))",
    "sam": "optax.contrib.sam(optax.sgd(0.1), optax.chain(optax.contrib.normalize(), optax.sgd(0.05)))",
    "schedule_free_sgd": "optax.contrib.schedule_free_sgd(0.1)",
    "schedule_free_adamw": "optax.contrib.schedule_free_adamw(0.1, warmup_steps=2, weight_decay=0.1)",
    "schedule_free": "optax.contrib.schedule_free(optax.sgd(0.1), learning_rate=0.1, b1=0.8)",
    # bf16 leaves; their bit patterns are stored
    "bf16_sgd_momentum": ("bf16", "optax.sgd(0.1, momentum=0.9)"),
    "bf16_adam": ("bf16", "optax.adam(0.1)"),
    "bf16_adam_mu_f32": ("bf16", "optax.adam(0.1, mu_dtype=jnp.float32)"),
    "bf16_adamw": ("bf16", "optax.adamw(0.1, weight_decay=0.1)"),
    "bf16_lion": ("bf16", "optax.lion(0.1)"),
    "bf16_clip_by_global_norm": ("bf16", "optax.clip_by_global_norm(1.0)"),
}

NO_VALUE = {"sam"}      # refuses arguments that it does not know
PROMOTED = []           # cases whose updates JAX gives a wider type than the gradients'; stored in the gradients' type


def entry(value):
    return ("mixed", value) if isinstance(value, str) else value


def scope():
    return {"optax": optax, "jax": jax, "jnp": jnp, "is_kernel": is_kernel, "last_key": last_key,
            "at_least_2d": at_least_2d, "even_step": even_step}


def run(name, set_name, expression, sets):
    params, grads = sets[set_name]
    tx = optax.with_extra_args_support(eval(expression, scope()))
    dtype = jax.tree.leaves(params)[0].dtype
    if name == "lookahead":
        params = optax.LookaheadParams.init_synced(params)
    state = tx.init(params)
    steps = []
    for i in range(STEPS):
        g = jax.tree.map(lambda x: x[i], grads)
        extra = {} if name in NO_VALUE else {"value": jnp.asarray(VALUES[i], jnp.float32)}
        updates, state = tx.update(g, state, params, **extra)
        if any(u.dtype != dtype for u in jax.tree.leaves(updates)):
            if name not in PROMOTED:
                PROMOTED.append(name)
            updates = jax.tree.map(lambda u: u.astype(dtype), updates)
        params = optax.apply_updates(params, updates)
        steps.append(updates)
    stacked = jax.tree.map(lambda *xs: jnp.stack(xs), *steps)
    record = {"set": common.count(SET_NAMES.index(set_name)), "updates": stacked, "params": params}
    if name == "lookahead":
        record["updates"], record["params"] = stacked._asdict(), params._asdict()
    return record


def generate():
    warnings.simplefilter("ignore")
    sets = make_sets()
    tree = {name: run(name, *entry(value), sets) for name, value in CASES.items()}
    if PROMOTED:
        print("  promoted by JAX:", " ".join(PROMOTED))
    common.save("transforms.npz", {
        "steps": common.count(STEPS),
        "value": np.array(VALUES, np.float64),
        "set": common.numbered([{"params": sets[n][0], "grads": sets[n][1]} for n in SET_NAMES]),
        "tx": tree,
    })
