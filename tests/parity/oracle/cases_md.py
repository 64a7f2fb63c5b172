"""CASES.md: what each name in data/ stands for, from the same tables that generate the numbers."""
import inspect
import os

import numpy as np

from . import common, losses, ops, prng, schedules, transforms

HEAD = """# The cases

Written by `generate.py`; do not edit. `jax`, `jnp` (jax.numpy) and `optax` are the modules. README.md has the layout
of each file.
"""


def shape_of(value):
    if isinstance(value, tuple):
        return str(list(value[0]))
    return ("" if value.dtype == np.float32 else f"{value.dtype} ") + str(list(value.shape))


def op_rows(table, derivative):
    rows = []
    for name, cases in table.items():
        for i, c in enumerate(cases):
            c = c if isinstance(c, dict) else ops.case(*c)
            shapes = ", ".join(f"{k} {shape_of(v)}" for k, v in c["inputs"].items())
            note = "; w = 1" if c["ones"] and derivative else ""
            rows.append(f"| {name} | {i} | `{c['expression']}` | {shapes}{note} |")
    return rows


def write():
    out = [HEAD]
    out += ["## grads.npz", "", "### `op/<name>/<case>`: value and gradient", "",
            "`w = 1` marks edge cases (ties, limits; then infinities and NaN): their weights are ones.", "",
            "| name | case | expression | inputs (f32 where nothing is said) |", "|---|---|---|---|", *op_rows(ops.table(), 1), "",
            "### `value/<name>/<case>`: value only", "",
            "| name | case | expression | inputs |", "|---|---|---|---|", *op_rows(ops.VALUE_ONLY, 0), "",
            "### `grad2/<name>/<case>`: gradient of a gradient", "",
            "| name | case | expression | inputs |", "|---|---|---|---|", *op_rows(ops.SECOND, 2), ""]
    out += ["## losses.npz", "", "`loss/<name>/<case>`", "", "| name | case | expression | shapes |", "|---|---|---|---|"]
    for name, cases in losses.CASES.items():
        for i, (expression, inputs) in enumerate(cases):
            shapes = ", ".join(f"in{k} {shape_of(np.asarray(x))}" for k, x in enumerate(inputs))
            out.append(f"| {name} | {i} | `{expression}` | {shapes} |")
    out += ["", "## schedules.npz", "", "`schedule/<name>`", "", "| name | expression |", "|---|---|"]
    out += [f"| {name} | `{expression}` |" for name, expression in schedules.CASES.items()]
    out += ["", "## transforms.npz", "", "`tx/<name>`. Sets of parameters and gradients, by index:", ""]
    notes = {
        "mixed": "leaves s [], v [5], m [3, 4], t [2, 3, 2], f32", "no_scalar": "v, m, t",
        "matrices": "a [3, 4], b [4, 2], c [4, 4]",
        "nonfinite": "as `mixed`; step 1 has a NaN in v, step 2 an infinity in m, step 4 one in s",
        "bf16": "as `mixed` in bf16; bit patterns as i32", "module": "Dense_0/kernel [4, 3], Dense_0/bias [3], Dense_1/kernel [3, 2], Dense_1/bias [2]",
    }
    out += [f"{i}. `{name}`: {notes[name]}" for i, name in enumerate(transforms.SET_NAMES)]
    out += ["", "Functions that expressions use:", ""]
    for f in (transforms.is_kernel, transforms.last_key, transforms.at_least_2d):
        out.append(f"- `{f.__name__}(tree)`: {inspect.getdoc(f)}")
    out += ["- `even_step(step)`: `step % 2 == 0`, steps from 0", "",
            "Each update is also given `value = ` the step's entry of `/value`, which most ignore"
            f" (not: {', '.join(sorted(transforms.NO_VALUE))}).",
            "`lookahead` has the pair of parameters `fast` and `slow`, equal at first; gradients are those of `fast`.",
            "", "| name | set | expression |", "|---|---|---|"]
    for name, value in transforms.CASES.items():
        set_name, expression = transforms.entry(value)
        out.append(f"| {name} | {set_name} | `{expression}` |")
    out += ["", "## prng.npz", "", f"- seeds: {', '.join(map(str, prng.SEEDS))}", f"- fold_in data: {', '.join(map(str, prng.FOLDS))}",
            f"- randint ranges (low, high exclusive): {', '.join(map(str, prng.RANGES))}",
            "- uniform_range: minval = -2.5, maxval = 4.0; truncated_normal: -2, 2; bernoulli: p = 0.3 as f32", ""]
    with open(os.path.join(common.HERE, "CASES.md"), "w") as f:
        f.write("\n".join(out))
