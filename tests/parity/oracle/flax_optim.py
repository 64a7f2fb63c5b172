"""flax.optim 0.5.3: its rules in NumPy, in f64, from their formulas.

flax 0.5.3 cannot be installed beside a current JAX. Its wheel can be unpacked, though, and the rules in it run with a
few names of old JAX put back: where FLAX_053 names the folder with the unpacked wheel, all parameters are compared.

    pip download flax==0.5.3 --no-deps && unzip flax-0.5.3-*.whl -d <folder>
    FLAX_053=<folder> python tests/parity/generate.py flax_optim
"""
import os
import sys

import numpy as np

from . import common

STEPS = 6
LEAVES = {"Dense_0/kernel": (4, 3), "Dense_0/bias": (3,), "conv": (2, 3, 4), "scalar": (), "empty": (0,)}
SCHEDULE = [0.1, 0.05, 0.2, 0.0, 0.3, 0.1]

# --- the rules: (hyperparameters, steps before, parameter, its state, gradient) -> parameter, state -------------------


def zeros(*names):
    return lambda hp, p: {name: np.zeros_like(p) for name in names}


def norm(x):
    return np.sqrt(np.sum(x * x))


def rms(x):
    return np.sqrt(np.mean(x * x)) if x.size else np.float64("nan")


def gradient_descent(hp, step, p, s, g):
    return p - hp["learning_rate"] * g, s


def momentum(hp, step, p, s, g):
    g = g + hp["weight_decay"] * p
    m = hp["beta"] * s["momentum"] + g
    return p - hp["learning_rate"] * (g + hp["beta"] * m if hp["nesterov"] else m), {"momentum": m}


def adam_direction(hp, step, m, v):
    return m / (1 - hp["beta1"] ** (step + 1)) / (np.sqrt(v / (1 - hp["beta2"] ** (step + 1))) + hp["eps"])


def adam(hp, step, p, s, g, belief=False):
    m = hp["beta1"] * s["grad_ema"] + (1 - hp["beta1"]) * g
    v = hp["beta2"] * s["grad_sq_ema"] + (1 - hp["beta2"]) * (g - m if belief else g) ** 2
    if belief:
        v = v + hp["eps"]
    step_size = adam_direction(hp, step, m, v) + hp["weight_decay"] * p
    return p - hp["learning_rate"] * step_size, {"grad_ema": m, "grad_sq_ema": v}


def adabelief(hp, step, p, s, g):
    return adam(hp, step, p, s, g, belief=True)


def adadelta(hp, step, p, s, g):
    a = hp["rho"] * s["sq_avg"] + (1 - hp["rho"]) * g ** 2
    d = np.sqrt((s["acc_delta"] + hp["eps"]) / (a + hp["eps"])) * g
    b = hp["rho"] * s["acc_delta"] + (1 - hp["rho"]) * d ** 2
    return p - hp["learning_rate"] * (d + hp["weight_decay"] * p), {"sq_avg": a, "acc_delta": b}


def adagrad(hp, step, p, s, g):
    total = s["G"] + g ** 2
    return p - hp["learning_rate"] * g / (np.sqrt(total) + hp["eps"]), {"G": total}


def rmsprop(hp, step, p, s, g):
    v = hp["beta2"] * s["v"] + (1 - hp["beta2"]) * g ** 2
    new = {"v": v}
    if hp["centered"]:
        new["mg"] = hp["beta2"] * s["mg"] + (1 - hp["beta2"]) * g
        v = v - new["mg"] ** 2
    return p - hp["learning_rate"] * g / (np.sqrt(v) + hp["eps"]), new


def rmsprop_init(hp, p):
    return zeros(*(["v", "mg"] if hp["centered"] else ["v"]))(hp, p)


def lamb(hp, step, p, s, g):
    m = hp["beta1"] * s["grad_ema"] + (1 - hp["beta1"]) * g
    v = hp["beta2"] * s["grad_sq_ema"] + (1 - hp["beta2"]) * g ** 2
    u = adam_direction(hp, step, m, v) + hp["weight_decay"] * p
    ratio = norm(p) / norm(u) if norm(p) + norm(u) > 0 else 1.0
    return p - hp["learning_rate"] * ratio * u, {"grad_ema": m, "grad_sq_ema": v}


def lars(hp, step, p, s, g):
    ratio = 1.0
    if norm(p) > 0 and norm(g) > 0:
        ratio = hp["trust_coefficient"] * norm(p) / (norm(g) + hp["weight_decay"] * norm(p) + hp["eps"])
    g = hp["learning_rate"] * ratio * (g + hp["weight_decay"] * p)
    m = hp["beta"] * s["momentum"] + g
    return p - (g + hp["beta"] * m if hp["nesterov"] else m), {"momentum": m}


def two_longest(hp, shape):
    """(second longest, longest) axis where the second moment of this shape is factored, else None."""
    order = np.argsort(shape)
    if not hp["factored"] or len(shape) < 2 or shape[order[-2]] < hp["min_dim_size_to_factor"]:
        return None
    return int(order[-2]), int(order[-1])


def adafactor_init(hp, p):
    axes, one = two_longest(hp, p.shape), np.zeros(1)
    return {"v_row": np.zeros(np.delete(p.shape, axes[1])) if axes else one,
            "v_col": np.zeros(np.delete(p.shape, axes[0])) if axes else one,
            "v": one if axes else np.zeros_like(p),
            "m": one if hp["beta1"] is None else np.zeros_like(p)}


def adafactor(hp, step, p, s, g):
    s, axes = dict(s), two_longest(hp, p.shape)
    decay = 1 - float(step - hp["step_offset"] + 1) ** -hp["decay_rate"]
    square = g ** 2 + hp["epsilon1"]
    if axes:
        d1, d0 = axes
        s["v_row"] = decay * s["v_row"] + (1 - decay) * square.mean(d0)
        s["v_col"] = decay * s["v_col"] + (1 - decay) * square.mean(d1)
        row = np.expand_dims(s["v_row"], d0)
        v = row / row.mean(d1, keepdims=True) * np.expand_dims(s["v_col"], d1)
    else:
        v = s["v"] = decay * s["v"] + (1 - decay) * square
    u = g / np.sqrt(v)
    if hp["clipping_threshold"] is not None:
        u = u / np.maximum(1.0, rms(u) / hp["clipping_threshold"])
    u = hp["learning_rate"] * u * (np.maximum(rms(p), hp["epsilon2"]) if hp["multiply_by_parameter_scale"] else 1.0)
    if hp["beta1"] is not None:
        u = s["m"] = hp["beta1"] * s["m"] + (1 - hp["beta1"]) * u
    return (1 - (hp["weight_decay_rate"] or 0)) * p - u, s


RULES = {   # name: (rule, state at first, hyperparameters that a case does not give)
    "GradientDescent": (gradient_descent, zeros(), {}),
    "Momentum": (momentum, zeros("momentum"), {"beta": 0.9, "weight_decay": 0, "nesterov": False}),
    "Adam": (adam, zeros("grad_ema", "grad_sq_ema"), {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}),
    "AdaBelief": (adabelief, zeros("grad_ema", "grad_sq_ema"),
                  {"beta1": 0.9, "beta2": 0.999, "eps": 1e-16, "weight_decay": 0.0}),
    "Adadelta": (adadelta, zeros("sq_avg", "acc_delta"), {"rho": 0.9, "eps": 1e-6, "weight_decay": 0.0}),
    "Adagrad": (adagrad, zeros("G"), {"eps": 1e-8}),
    "RMSProp": (rmsprop, rmsprop_init, {"beta2": 0.9, "eps": 1e-8, "centered": False}),
    "LAMB": (lamb, zeros("grad_ema", "grad_sq_ema"), {"beta1": 0.9, "beta2": 0.999, "weight_decay": 0, "eps": 1e-6}),
    "LARS": (lars, zeros("momentum"),
             {"beta": 0.9, "weight_decay": 0, "trust_coefficient": 0.001, "eps": 0, "nesterov": False}),
    "Adafactor": (adafactor, adafactor_init,
                  {"factored": True, "multiply_by_parameter_scale": True, "beta1": None, "decay_rate": 0.8,
                   "step_offset": 0, "clipping_threshold": 1.0, "weight_decay_rate": None,
                   "min_dim_size_to_factor": 128, "epsilon1": 1e-30, "epsilon2": 1e-3}),
}


class Rule:
    """One rule on a flat dict of leaves."""

    def __init__(self, name, hp):
        rule, self.init, rest = RULES[name]
        self.rule, self.hp = rule, {**rest, **hp}

    def init_states(self, params):
        return {k: self.init(self.hp, p) for k, p in params.items()}

    def step(self, step, params, states, grads, override):
        hp = {**self.hp, **override}
        both = {k: self.rule(hp, step, p, states[k], grads[k]) for k, p in params.items()}
        return {k: b[0] for k, b in both.items()}, {k: b[1] for k, b in both.items()}


class WeightNormRule:
    """Directions and scales for the leaves with more elements than outputs; the inner rule sees both."""

    def __init__(self, inner, wn_decay=0, wn_eps=1e-8):
        self.inner, self.decay, self.eps = inner, wn_decay, wn_eps

    def norm(self, v):
        return np.sqrt(np.sum(v ** 2, tuple(range(v.ndim - 1)), keepdims=True) + self.eps)

    def init_states(self, params):
        d, s = {}, {}
        for k, p in params.items():
            d[k] = p
            if p.size > p.shape[-1]:
                s[k] = self.norm(p)
                d[k] = p / s[k]
        ds, ss = self.inner.init_states(d), self.inner.init_states(s)
        return self.states(ds, ss, d, s)

    @staticmethod
    def states(ds, ss, d, s):
        return {k: {"direction_state": ds[k], "scale_state": ss.get(k), "direction": d[k], "scale": s.get(k)}
                for k in d}

    def step(self, step, params, states, grads, override):
        d = {k: s["direction"] for k, s in states.items()}
        s = {k: x["scale"] for k, x in states.items() if x["scale"] is not None}
        dg, sg = dict(grads), {}
        for k in s:      # w = s d / n with n = sqrt(sum d² + eps): what the gradient of w is for d and for s
            n = self.norm(d[k])
            along = np.sum(grads[k] * d[k], tuple(range(d[k].ndim - 1)), keepdims=True)
            sg[k] = along / n
            dg[k] = s[k] / n * (grads[k] - d[k] * along / n ** 2) + self.decay * d[k]
        d, ds = self.inner.step(step, d, {k: x["direction_state"] for k, x in states.items()}, dg, override)
        s, ss = self.inner.step(step, s, {k: states[k]["scale_state"] for k in s}, sg, override)
        return {k: s[k] * v / self.norm(v) if k in s else v for k, v in d.items()}, self.states(ds, ss, d, s)


class MultiRule:
    """Pairs of a function of the path and a rule."""

    def __init__(self, *pairs):
        self.pairs = pairs

    def init_states(self, params):
        states = {k: None for k in params}
        for takes, rule in self.pairs:
            states.update(rule.init_states({k: p for k, p in params.items() if takes(k)}))
        return states

    def step(self, step, params, states, grads, override):
        params, states = dict(params), dict(states)
        for takes, rule in self.pairs:
            part = {k: p for k, p in params.items() if takes(k)}
            new, new_states = rule.step(step, part, {k: states[k] for k in part}, {k: grads[k] for k in part}, override)
            params.update(new)
            states.update(new_states)
        return params, states


# --- cases: (constructor, arguments); nested for wrappers -------------------------------------------------------------

def kernel(path):
    return "kernel" in path


def bias(path):
    return "bias" in path


CASES = {
    "GradientDescent": ("GradientDescent", {"learning_rate": 0.1}),
    "GradientDescent_schedule": ("GradientDescent", {"learning_rate": None}),
    "Momentum": ("Momentum", {"learning_rate": 0.1}),
    "Momentum_nesterov": ("Momentum", {"learning_rate": 0.1, "beta": 0.8, "nesterov": True}),
    "Momentum_decay": ("Momentum", {"learning_rate": 0.1, "weight_decay": 0.1, "nesterov": True}),
    "Momentum_schedule": ("Momentum", {"learning_rate": None}),
    "Adam": ("Adam", {"learning_rate": 0.1}),
    "Adam_args": ("Adam", {"learning_rate": 0.1, "beta1": 0.2, "beta2": 0.9, "eps": 0.01, "weight_decay": 0.1}),
    "Adam_schedule": ("Adam", {"learning_rate": None, "weight_decay": 0.1}),
    "AdaBelief": ("AdaBelief", {"learning_rate": 0.1}),
    "AdaBelief_args": ("AdaBelief", {"learning_rate": 0.1, "beta1": 0.4, "beta2": 0.9, "eps": 1e-3,
                                     "weight_decay": 0.1}),
    "Adadelta": ("Adadelta", {"learning_rate": 1.0}),
    "Adadelta_args": ("Adadelta", {"learning_rate": 0.5, "rho": 0.7, "eps": 1e-2, "weight_decay": 0.1}),
    "Adagrad": ("Adagrad", {"learning_rate": 0.1}),
    "Adagrad_eps": ("Adagrad", {"learning_rate": 0.1, "eps": 0.5}),
    "RMSProp": ("RMSProp", {"learning_rate": 0.1}),
    "RMSProp_centered": ("RMSProp", {"learning_rate": 0.1, "beta2": 0.7, "eps": 0.01, "centered": True}),
    "LAMB": ("LAMB", {"learning_rate": 0.1}),
    "LAMB_decay": ("LAMB", {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.9, "weight_decay": 0.1, "eps": 1e-3}),
    "LARS": ("LARS", {"learning_rate": 0.1}),
    "LARS_args": ("LARS", {"learning_rate": 0.1, "beta": 0.8, "weight_decay": 0.1, "trust_coefficient": 0.5,
                           "eps": 0.01, "nesterov": True}),
    "Adafactor": ("Adafactor", {"learning_rate": 0.1}),
    "Adafactor_factored": ("Adafactor", {"learning_rate": 0.1, "min_dim_size_to_factor": 2}),
    "Adafactor_args": ("Adafactor", {"learning_rate": 0.1, "min_dim_size_to_factor": 3, "beta1": 0.9, "decay_rate": 0.5,
                                     "clipping_threshold": None, "weight_decay_rate": 0.01, "step_offset": -2}),
    "Adafactor_plain": ("Adafactor", {"learning_rate": 0.1, "factored": False, "multiply_by_parameter_scale": False,
                                      "clipping_threshold": 0.5}),
    "WeightNorm": ("WeightNorm", {"inner": ("GradientDescent", {"learning_rate": 0.1})}),
    "WeightNorm_momentum": ("WeightNorm", {"inner": ("Momentum", {"learning_rate": 0.1}), "wn_decay": 0.01}),
    "WeightNorm_adam": ("WeightNorm", {"inner": ("Adam", {"learning_rate": 0.1}), "wn_eps": 1e-3}),
    "MultiOptimizer": ("MultiOptimizer", {"pairs": [(kernel, ("Momentum", {"learning_rate": 0.1})),
                                                    (bias, ("Adam", {"learning_rate": 0.01, "weight_decay": 0.1}))]}),
    "MultiOptimizer_schedule": ("MultiOptimizer", {"pairs": [(kernel, ("Adagrad", {"learning_rate": None})),
                                                             (bias, ("GradientDescent", {"learning_rate": 0.5}))]}),
}


def build(case):
    name, hp = case
    if name == "WeightNorm":
        return WeightNormRule(build(hp["inner"]), **{k: v for k, v in hp.items() if k != "inner"})
    if name == "MultiOptimizer":
        return MultiRule(*[(takes, build(inner)) for takes, inner in hp["pairs"]])
    return Rule(name, hp)


def inputs(name):
    """Parameters and a list of gradients; a bias of zeros (LAMB's and LARS's corner), and one gradient of zeros."""
    r = common.rng("flax_optim")
    scalars = not name.startswith("WeightNorm")     # Flax 0.5.3 fails there on leaves without axes
    leaves = {k: s for k, s in LEAVES.items() if s != () or scalars}
    params = {k: r.normal(size=s).astype(np.float32) for k, s in leaves.items()}
    params["Dense_0/bias"][:] = 0
    grads = [{k: r.normal(size=s).astype(np.float32) for k, s in leaves.items()} for _ in range(STEPS)]
    grads[2]["conv"][:] = 0
    return params, grads


def run(rule, name, params, grads):
    wide = {k: p.astype(np.float64) for k, p in params.items()}
    states, out = rule.init_states(wide), []
    for i, g in enumerate(grads):
        override = {"learning_rate": SCHEDULE[i]} if name.endswith("schedule") else {}
        with np.errstate(all="ignore"):
            wide, states = rule.step(i, wide, states, {k: x.astype(np.float64) for k, x in g.items()}, override)
        out.append(wide)
    return {k: np.stack([o[k] for o in out]) for k in params}, states


def without_none(tree):
    if isinstance(tree, dict):
        kept = {k: without_none(v) for k, v in tree.items()}
        return {k: v for k, v in kept.items() if v is not None and not (isinstance(v, dict) and not v)}
    return tree


def nested(flat):
    """{'a/b': x} as {'a': {'b': x}}."""
    tree = {}
    for path, value in flat.items():
        at = tree
        *folders, last = path.split("/")
        for folder in folders:
            at = at.setdefault(folder, {})
        at[last] = value
    return tree


# --- loss scaling -----------------------------------------------------------------------------------------------------

FINITE = [1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1]


def dynamic_scale(growth_factor=2.0, backoff_factor=0.5, growth_interval=2, fin_steps=0, scale=65536.0):
    scales, counts = [], []
    for finite in FINITE:
        grow = fin_steps == growth_interval
        scale *= (growth_factor if grow else 1.0) if finite else backoff_factor
        fin_steps = 0 if grow or not finite else fin_steps + 1
        scales.append(scale)
        counts.append(fin_steps)
    return {"finite": np.array(FINITE, np.int32), "scale": np.array(scales), "fin_steps": np.array(counts, np.int32)}


# --- the same from Flax's own code ------------------------------------------------------------------------------------

def load_flax_053(folder):
    """The wheel's modules optim and optim.dynamic_scale, and traverse_util; what they import is today's Flax."""
    import importlib
    import types
    import jax
    for old in ("tree_map", "tree_flatten", "tree_unflatten", "tree_leaves", "tree_structure"):
        setattr(jax, old, getattr(jax.tree_util, old))
    package = types.ModuleType("flax053")
    package.__path__ = [os.path.join(folder, "flax")]
    sys.modules["flax053"] = package
    for part in ("struct", "serialization", "core", "jax_utils", "traverse_util"):
        sys.modules[f"flax053.{part}"] = importlib.import_module(f"flax.{part}")
        setattr(package, part, sys.modules[f"flax053.{part}"])
    return (importlib.import_module("flax053.optim"), importlib.import_module("flax053.optim.dynamic_scale"),
            package.traverse_util)


def verify(folder, results):
    import jax
    import jax.numpy as jnp
    import warnings
    warnings.showwarning = lambda *_, **__: None      # each optimizer says that it is deprecated
    optim, scaling, traverse_util = load_flax_053(folder)

    def construct(case):
        name, hp = case
        if name == "WeightNorm":
            return optim.WeightNorm(construct(hp["inner"]), **{k: v for k, v in hp.items() if k != "inner"})
        if name == "MultiOptimizer":
            def pair(takes, inner):
                return traverse_util.ModelParamTraversal(lambda path, _: takes(path)), construct(inner)
            return optim.MultiOptimizer(*[pair(takes, inner) for takes, inner in hp["pairs"]])
        return getattr(optim, name)(**hp)

    greatest = 0.0
    for name, case in CASES.items():
        params, grads = inputs(name)
        f64 = not name.startswith("Adafactor")     # its statistics are f32 whatever the parameters are
        cast = (lambda x: jnp.asarray(x, jnp.float64)) if f64 else jnp.asarray
        optimizer = construct(case).create(nested({k: cast(p) for k, p in params.items()}))
        worst = 0.0
        for i, g in enumerate(grads):
            override = {"learning_rate": SCHEDULE[i]} if name.endswith("schedule") else {}
            optimizer = optimizer.apply_gradient(nested({k: cast(x) for k, x in g.items()}), **override)
            for k, theirs in common.flatten(jax.tree_util.tree_map(np.asarray, optimizer.target)).items():
                ours = results[name]["flat"][k][i]
                assert np.isfinite(theirs).all() and np.isfinite(ours).all(), f"{name}: {k} is not finite"
                if theirs.size:
                    worst = max(worst, float(np.max(np.abs(theirs - ours)) / max(np.max(np.abs(theirs)), 1e-30)))
        limit = 1e-12 if f64 else 2e-6
        assert worst < limit, f"{name}: Flax 0.5.3's own numbers are {worst:.1e} away"
        greatest = max(greatest, worst if f64 else 0.0)
    scale, mine = scaling.DynamicScale(growth_interval=2), results["DynamicScale"]
    for i, finite in enumerate(FINITE):
        scale, is_finite, _, _ = scale.value_and_grad(lambda x: x * (1.0 if finite else np.inf))(jnp.float32(1))
        assert bool(is_finite) == bool(finite)
        assert float(scale.scale) == mine["scale"][i] and int(scale.fin_steps) == mine["fin_steps"][i], i
    print(f"  flax 0.5.3's own code: {len(CASES)} cases within {greatest:.0e} (Adafactor, in f32: 2e-6)")


def generate():
    results, tree = {}, {"case": {}}
    for name, case in CASES.items():
        params, grads = inputs(name)
        after, states = run(build(case), name, params, grads)
        results[name] = {"flat": after}
        tree["case"][name] = {"params": nested(after), "state": without_none(nested(states))}
    results["DynamicScale"] = tree["dynamic_scale"] = dynamic_scale()
    params, grads = inputs("all leaves")
    tree["params"] = nested(params)
    tree["grads"] = nested({k: np.stack([g[k] for g in grads]) for k in params})
    params, grads = inputs("WeightNorm")
    stacked = nested({k: np.stack([g[k] for g in grads]) for k in params})
    tree["weight_norm"] = {"params": nested(params), "grads": stacked}
    tree["steps"], tree["learning_rates"] = common.count(STEPS), np.array(SCHEDULE)
    if os.environ.get("FLAX_053"):
        verify(os.environ["FLAX_053"], results)
    else:
        print("  FLAX_053 is not set: not compared with Flax 0.5.3's own code")
    common.save("flax_optim.npz", tree)
