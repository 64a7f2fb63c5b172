"""Result dtypes of JAX with 64-bit types off, as a text table."""
import os
import subprocess
import sys

from . import common

CODE = r"""
import warnings; warnings.simplefilter("ignore")
import jax, jax.numpy as jnp
short = {"bool": "bool", "uint8": "u8", "int32": "i32", "float16": "f16", "bfloat16": "bf16", "float32": "f32",
         "uint32": "u32", "int8": "i8"}
types = {"bool": jnp.bool_, "u8": jnp.uint8, "i32": jnp.int32, "f16": jnp.float16, "bf16": jnp.bfloat16,
         "f32": jnp.float32}
values = {k: jnp.ones([2], t) for k, t in types.items()}
values["int"], values["float"] = 2, 2.5
binary = {
  "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b,
  "floordiv": lambda a, b: a // b, "mod": lambda a, b: a % b, "pow": lambda a, b: a ** b,
  "maximum": jnp.maximum, "minimum": jnp.minimum, "where": lambda a, b: jnp.where(True, a, b),
  "atan2": jnp.arctan2, "less": lambda a, b: a < b, "equal": lambda a, b: a == b,
}
unary = {"neg": lambda a: -a, "abs": jnp.abs, "sign": jnp.sign, "square": jnp.square, "floor": jnp.floor,
  "round": jnp.round, "exp": jnp.exp, "sqrt": jnp.sqrt, "tanh": jnp.tanh, "relu": jax.nn.relu,
  "sigmoid": jax.nn.sigmoid, "sum": jnp.sum, "mean": jnp.mean, "max": jnp.max, "prod": jnp.prod, "var": jnp.var,
  "cumsum": jnp.cumsum, "argmax": jnp.argmax, "sort": jnp.sort, "norm": jnp.linalg.norm,
  "softmax": jax.nn.softmax, "matmul_self": lambda a: a @ a}
def result(f, *xs):
    try: out = jnp.asarray(f(*xs))
    except (TypeError, ValueError): return "error"
    return short[str(out.dtype)] + (" weak" if out.weak_type else "")
print("operation,a,b,result")
for op, f in binary.items():
    for a in values:
        for b in values:
            if a in types or b in types: print(op, a, b, result(f, values[a], values[b]), sep=",")
for op, f in unary.items():
    for a in types: print(op, a, "", result(f, values[a]), sep=",")
"""


def generate():
    env = dict(os.environ, JAX_ENABLE_X64="0")
    out = subprocess.run([sys.executable, "-c", CODE], env=env, check=True, capture_output=True, text=True)
    with open(os.path.join(common.DATA, "promotion.csv"), "w") as f:
        f.write(out.stdout)
    print(f"  promotion.csv: {len(out.stdout.splitlines()) - 1} rows")
