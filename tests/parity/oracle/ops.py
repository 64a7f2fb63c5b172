"""Values and gradients of operations, first and second derivatives."""
import jax
import jax.numpy as jnp
import numpy as np

from . import common

f32 = np.float32


# --- the table: name -> [(expression, {input: array}, ...)] ------------------------------------------------------------

def draw(name, shape, domain):
    r = common.rng(name)
    if domain == "any":
        x = r.normal(size=shape) * 1.5
    elif domain == "positive":
        x = r.uniform(0.1, 3.0, size=shape)
    elif domain == "unit":
        x = r.uniform(-0.95, 0.95, size=shape)
    elif domain == "nonzero":
        x = r.uniform(0.4, 2.5, size=shape) * r.choice([-1.0, 1.0], size=shape)
    elif domain == "angle":
        x = r.uniform(-4.0, 4.0, size=shape)
    elif domain == "small":
        x = r.uniform(-1.2, 1.2, size=shape)
    else:
        raise ValueError(domain)
    return np.asarray(x, f32)


UNARY = {  # name: (expression, domain, finite edges)
    "neg": ("-in0", "any", [0, 1]),
    "abs": ("jnp.abs(in0)", "any", [0, -1, 1e-30]),
    "sign": ("jnp.sign(in0)", "any", [0, -1, 1]),
    "sqrt": ("jnp.sqrt(in0)", "positive", [0, 1e-30, 4, 1e30, -1]),
    "rsqrt": ("jax.lax.rsqrt(in0)", "positive", [0, 1e-20, 4, 1e30, -1]),
    "exp": ("jnp.exp(in0)", "any", [0, 88, 89, -87, -104, 1e-8]),
    "log": ("jnp.log(in0)", "positive", [0, 1, 1e-38, 1e38, -1]),
    "log1p": ("jnp.log1p(in0)", "positive", [0, 1e-8, -1e-8, -0.999, -1, -2, 1e30]),
    "expm1": ("jnp.expm1(in0)", "any", [0, 1e-8, -1e-8, 88, 89, -30]),
    "sin": ("jnp.sin(in0)", "angle", [0, 1e-8, 3.1415927, 100, -1000, 1e6]),
    "cos": ("jnp.cos(in0)", "angle", [0, 1e-8, 3.1415927, 100, -1000, 1e6]),
    "tan": ("jnp.tan(in0)", "small", [0, 1e-8, 3, 100]),
    "tanh": ("jnp.tanh(in0)", "any", [0, 1e-8, 0.0004, 5, -9, 20, -50]),
    "sinh": ("jnp.sinh(in0)", "any", [0, 1e-8, 10, -50, 89]),
    "cosh": ("jnp.cosh(in0)", "any", [0, 1e-8, 10, -50, 89]),
    "asin": ("jnp.arcsin(in0)", "unit", [0, 1e-8, 1, -1, 0.999]),
    "acos": ("jnp.arccos(in0)", "unit", [0, 1e-8, 1, -1, 0.999]),
    "atan": ("jnp.arctan(in0)", "any", [0, 1e-8, 1, -1, 1e10]),
    "erf": ("jax.scipy.special.erf(in0)", "any", [0, 1e-8, 0.5, -1, 3, -3.9, 6]),
    "erfinv": ("jax.scipy.special.erfinv(in0)", "unit", [0, 1e-8, 0.999, -0.99999, 1, -1]),
    "sigmoid": ("jax.nn.sigmoid(in0)", "any", [0, 20, -20, 100, -100]),
    "softplus": ("jax.nn.softplus(in0)", "any", [0, 20, -20, 100, -100]),
    "relu": ("jax.nn.relu(in0)", "any", [0, 1e-30, -1e-30]),
    "square": ("jnp.square(in0)", "any", [0, 1e20, -3]),
    "reciprocal": ("jnp.reciprocal(in0)", "nonzero", [0, 1e30, -1e-30]),
    "floor": ("jnp.floor(in0)", "any", [0, -0.5, 2, -2, 1e10]),
    "ceil": ("jnp.ceil(in0)", "any", [0, -0.5, 2, -2, 1e10]),
    "round": ("jnp.round(in0)", "any", [0.5, 1.5, 2.5, -0.5, -1.5, 0.49999997, 8388609]),
    "log_sigmoid": ("jax.nn.log_sigmoid(in0)", "any", [0, 20, -20, 100, -100]),
    "silu": ("jax.nn.silu(in0)", "any", [0, 20, -20]),
    "gelu": ("jax.nn.gelu(in0)", "any", [0, 5, -5]),
    "clamp": ("jnp.clip(in0, -1.0, 0.5)", "any", [-1, 0.5, -2, 0]),
    "integer_pow_2": ("in0 ** 2", "any", [0, -3]),
    "integer_pow_3": ("in0 ** 3", "any", [0, -3]),
    "integer_pow_m1": ("in0 ** -1", "nonzero", [0, -3]),
    "integer_pow_m2": ("in0 ** -2", "nonzero", [0, -3]),
    "number_pow_half": ("in0 ** 0.5", "positive", [0, 4]),
    "number_pow_2_5": ("in0 ** 2.5", "positive", [0, 4]),
    "number_pow_0": ("in0 ** 0", "any", [0, 4]),
    "pow_of_number": ("2.0 ** in0", "any", [0, -3]),
    "number_minus": ("1.0 - in0", "any", [0, 1]),
    "number_over": ("1.0 / in0", "nonzero", [0, 1]),
    "mod_number": ("in0 % 0.75", "any", [0, -0.75, 1.5]),
    "maximum_number": ("jnp.maximum(in0, 0.0)", "any", [0, 1]),
}
BINARY = {  # name: (expression, domain of in0, domain of in1, ties or edges)
    "add": ("in0 + in1", "any", "any", []),
    "sub": ("in0 - in1", "any", "any", []),
    "mul": ("in0 * in1", "any", "any", [(0, 3), (3, 0)]),
    "div": ("in0 / in1", "any", "nonzero", [(0, 3), (3, 0), (0, 0), (-1, 0)]),
    "pow": ("in0 ** in1", "positive", "any", [(0, 2), (2, 0), (0, 0), (-2, 3), (-2, 2), (1, 5), (0, 0.5), (-2, 0.5)]),
    "maximum": ("jnp.maximum(in0, in1)", "any", "any", [(1, 1), (0, 0), (2, 1), (1, 2)]),
    "minimum": ("jnp.minimum(in0, in1)", "any", "any", [(1, 1), (0, 0), (2, 1), (1, 2)]),
    "mod": ("jnp.mod(in0, in1)", "any", "nonzero", [(5, 3), (-5, 3), (5, -3), (-5, -3), (6, 3), (-6, 3)]),
    "floordiv": ("in0 // in1", "any", "nonzero", [(5, 3), (-5, 3), (5, -3), (-5, -3), (6, 3), (-6, 3)]),
    "atan2": ("jnp.arctan2(in0, in1)", "any", "nonzero", [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1)]),
}
PAIRS = [([2, 3], [2, 3]), ([2, 3], [3]), ([2, 1], [1, 3]), ([2, 3], []), ([], [2, 3])]

REDUCTIONS = {
    "sum": "jnp.sum(in0{})", "mean": "jnp.mean(in0{})", "max": "jnp.max(in0{})", "min": "jnp.min(in0{})",
    "prod": "jnp.prod(in0{})", "var": "jnp.var(in0{})", "std": "jnp.std(in0{})", "norm": "jnp.linalg.norm(in0{})",
    "logsumexp": "jax.scipy.special.logsumexp(in0{})",
}
REDUCTION_ARGS = [([3, 4], ""), ([3, 4], ", axis=0"), ([3, 4], ", axis=1"), ([3, 4], ", axis=-1, keepdims=True"),
                  ([3, 4], ", keepdims=True"), ([2, 3, 4], ", axis=1"), ([2, 3, 4], ", axis=(0, 2)"), ([5], ", axis=0")]
REDUCTION_EDGE = {
    "max": [[2, 2, 1], [0, 3, 3]], "min": [[2, 1, 1], [0, 0, 3]], "prod": [[2, 0, 3], [0, 0, 4]],
    "norm": [[0, 0, 0], [3, 4, 0]], "std": [[1, 1, 1], [0, 1, 2]], "var": [[1, 1, 1], [0, 1, 2]],
    "logsumexp": [[1000, 1000, 999], [-1000, -1001, -2000]], "sum": [[1e8, 1, -1e8], [0, 0, 0]],
    "mean": [[1e8, 1, -1e8], [0, 0, 0]],
}
SAME_SHAPE = {
    "softmax": "jax.nn.softmax(in0{})", "log_softmax": "jax.nn.log_softmax(in0{})", "cumsum": "jnp.cumsum(in0{})",
    "sort": "jnp.sort(in0{})",
}
SAME_SHAPE_ARGS = [([3, 4], ", axis=None"), ([3, 4], ", axis=0"), ([3, 4], ", axis=1"), ([3, 4], ", axis=-1"),
                   ([2, 3, 4], ", axis=1"), ([5], ", axis=0")]

OTHER = {  # name: [(expression, {input: (shape, domain) or array})]
    "where": [("jnp.where(cond, in0, in1)", {"cond": np.array([[1, 0, 1], [0, 0, 1]], np.uint8), "in0": ([2, 3], "any"),
                                            "in1": ([2, 3], "any")}),
              ("jnp.where(cond, in0, in1)", {"cond": np.array([1, 0, 1], np.uint8), "in0": ([2, 3], "any"), "in1": ([], "any")}),
              ("jnp.where(cond, in0, in1)", {"cond": np.array([[1], [0]], np.uint8), "in0": ([3], "any"), "in1": ([2, 1], "any")}),
              ("jnp.where(in0 > 0, jnp.log(jnp.where(in0 > 0, in0, 1.0)), 0.0)", {"in0": ([6], "any")}),
              ("jnp.where(in0 > 0, jnp.sqrt(in0), 0.0)", {"in0": np.array([4, 0, -1], f32)})],
    "matmul": [("in0 @ in1", {"in0": ([3, 4], "any"), "in1": ([4, 2], "any")}),
               ("in0 @ in1", {"in0": ([4], "any"), "in1": ([4, 2], "any")}),
               ("in0 @ in1", {"in0": ([3, 4], "any"), "in1": ([4], "any")}),
               ("in0 @ in1", {"in0": ([4], "any"), "in1": ([4], "any")}),
               ("in0 @ in1", {"in0": ([2, 3, 4], "any"), "in1": ([2, 4, 5], "any")}),
               ("in0 @ in1", {"in0": ([2, 3, 4], "any"), "in1": ([4, 5], "any")}),
               ("in0 @ in1", {"in0": ([3, 4], "any"), "in1": ([2, 4, 5], "any")}),
               ("in0 @ in1", {"in0": ([2, 1, 3, 4], "any"), "in1": ([3, 4, 2], "any")})],
    "dot": [("jnp.dot(in0, in1)", {"in0": ([5], "any"), "in1": ([5], "any")}),
            ("jnp.vdot(in0, in1)", {"in0": ([2, 3], "any"), "in1": ([2, 3], "any")})],
    "outer": [("jnp.outer(in0, in1)", {"in0": ([3], "any"), "in1": ([4], "any")})],
    "transpose": [("jnp.transpose(in0)", {"in0": ([3, 4], "any")}),
                  ("jnp.transpose(in0)", {"in0": ([2, 3, 4], "any")}),
                  ("jnp.transpose(in0, (1, 0, 2))", {"in0": ([2, 3, 4], "any")}),
                  ("jnp.transpose(in0, (2, 0, 1))", {"in0": ([2, 3, 4], "any")})],
    "reshape": [("jnp.reshape(in0, (4, 3))", {"in0": ([3, 4], "any")}),
                ("jnp.reshape(in0, (-1,))", {"in0": ([2, 3, 2], "any")}),
                ("jnp.reshape(in0, (2, -1))", {"in0": ([2, 3, 2], "any")})],
    "concatenate": [("jnp.concatenate([in0, in1], axis=0)", {"in0": ([2, 3], "any"), "in1": ([1, 3], "any")}),
                    ("jnp.concatenate([in0, in1], axis=1)", {"in0": ([2, 3], "any"), "in1": ([2, 2], "any")}),
                    ("jnp.concatenate([in0, in1, in0], axis=-1)", {"in0": ([3], "any"), "in1": ([2], "any")})],
    "stack": [("jnp.stack([in0, in1])", {"in0": ([2, 3], "any"), "in1": ([2, 3], "any")}),
              ("jnp.stack([in0, in1], axis=1)", {"in0": ([3], "any"), "in1": ([3], "any")}),
              ("jnp.stack([in0, in1], axis=-1)", {"in0": ([2, 3], "any"), "in1": ([2, 3], "any")})],
    "slice": [("in0[1:3]", {"in0": ([4, 3], "any")}),
              ("in0[:, ::2]", {"in0": ([2, 5], "any")}),
              ("in0[::-1]", {"in0": ([4], "any")}),
              ("in0[-1]", {"in0": ([4, 3], "any")}),
              ("in0[:, 0]", {"in0": ([4, 3], "any")}),
              ("in0[1:, -2:]", {"in0": ([3, 4], "any")}),
              ("in0[1, 2]", {"in0": ([3, 4], "any")}),
              ("in0[5:1:-2]", {"in0": ([7], "any")})],
    "gather": [("in0[idx]", {"idx": np.array([2, 0, 2, 1], np.int32), "in0": ([3], "any")}),
               ("in0[idx]", {"idx": np.array([2, 0, 2, 1], np.int32), "in0": ([3, 2], "any")}),
               ("in0[idx]", {"idx": np.array([[1, 1], [0, -1]], np.int32), "in0": ([3, 2], "any")}),
               ("in0[:, idx]", {"idx": np.array([1, 1, 0], np.int32), "in0": ([2, 3], "any")}),
               ("in0[jnp.arange(4), idx]", {"idx": np.array([2, 0, 2, 1], np.int32), "in0": ([4, 3], "any")})],
    "qr_q": [("jnp.linalg.qr(in0)[0]", {"in0": ([4, 3], "any")}), ("jnp.linalg.qr(in0)[0]", {"in0": ([3, 3], "any")})],
    "qr_r": [("jnp.linalg.qr(in0)[1]", {"in0": ([4, 3], "any")}), ("jnp.linalg.qr(in0)[1]", {"in0": ([3, 3], "any")})],
    "inv": [("jnp.linalg.inv(in0 + 3.0 * jnp.eye(3, dtype=jnp.float32))", {"in0": ([3, 3], "any")}),
            ("jnp.linalg.inv(in0)", {"in0": np.array([[2]], f32)})],
    "solve": [("jnp.linalg.solve(in0 + 3.0 * jnp.eye(3, dtype=jnp.float32), in1)", {"in0": ([3, 3], "any"), "in1": ([3], "any")}),
              ("jnp.linalg.solve(in0 + 3.0 * jnp.eye(3, dtype=jnp.float32), in1)", {"in0": ([3, 3], "any"), "in1": ([3, 2], "any")})],
    "eigvalsh": [("jnp.linalg.eigh(in0 + in0.T)[0]", {"in0": ([3, 3], "any")}),
                 ("jnp.linalg.eigh(in0 + in0.T)[0]", {"in0": ([4, 4], "any")})],
    "eigh_exp": [("(lambda e: (e[1] * jnp.exp(e[0])) @ e[1].T)(jnp.linalg.eigh((in0 + in0.T) / 2))", {"in0": ([3, 3], "small")})],
    "svdvals": [("jnp.linalg.svd(in0, full_matrices=False)[1]", {"in0": ([4, 3], "any")}),
                ("jnp.linalg.svd(in0, full_matrices=False)[1]", {"in0": ([3, 4], "any")}),
                ("jnp.linalg.svd(in0, full_matrices=False)[1]", {"in0": ([3, 3], "any")})],
    "svd_polar": [("(lambda s: s[0] @ s[2])(jnp.linalg.svd(in0, full_matrices=False))", {"in0": ([4, 3], "any")}),
                  ("(lambda s: s[0] @ s[2])(jnp.linalg.svd(in0, full_matrices=False))", {"in0": ([3, 3], "any")})],
    "trace": [("jnp.trace(in0)", {"in0": ([3, 3], "any")})],
    "broadcast_to": [("jnp.broadcast_to(in0, (2, 3))", {"in0": ([3], "any")})],
    "cross_entropy": [("-jnp.sum(jax.nn.one_hot(idx, 4, dtype=jnp.float32) * jax.nn.log_softmax(in0), axis=-1)",
                       {"idx": np.array([2, 0, 3], np.int32), "in0": ([3, 4], "any")})],
    "rosenbrock": [("(1 - in0) ** 2 + 100 * (in1 - in0 ** 2) ** 2", {"in0": ([], "any"), "in1": ([], "any")})],
}
VALUE_ONLY = {
    "argmax": [("jnp.argmax(in0)", {"in0": ([3, 4], "any")}), ("jnp.argmax(in0, axis=0)", {"in0": ([3, 4], "any")}),
               ("jnp.argmax(in0, axis=-1)", {"in0": ([3, 4], "any")}),
               ("jnp.argmax(in0, axis=-1)", {"in0": np.array([[1, 3, 3], [2, 2, 2], [0, np.nan, 5]], f32)})],
    "argmin": [("jnp.argmin(in0)", {"in0": ([3, 4], "any")}), ("jnp.argmin(in0, axis=0)", {"in0": ([3, 4], "any")}),
               ("jnp.argmin(in0, axis=-1)", {"in0": np.array([[1, 1, 3], [2, 2, 2], [0, np.nan, 5]], f32)})],
    "argsort": [("jnp.argsort(in0)", {"in0": ([6], "any")}), ("jnp.argsort(in0, axis=0)", {"in0": ([3, 4], "any")}),
                ("jnp.argsort(in0)", {"in0": np.array([2, 1, 2, 1, np.nan, -np.inf], f32)})],
    "one_hot": [("jax.nn.one_hot(in0, 4, dtype=jnp.float32)", {"in0": np.array([0, 3, 1], np.int32)}),
                ("jax.nn.one_hot(in0, 4, dtype=jnp.float32)", {"in0": np.array([[0, 4], [-1, 2]], np.int32)}),
                ("jax.nn.one_hot(in0, 3, dtype=jnp.float32)", {"in0": np.array(2, np.int32)})],
    "mod_i32": [("in0 % in1", {"in0": np.array([5, -5, 5, -5, 6], np.int32), "in1": np.array([3, 3, -3, -3, 3], np.int32)})],
    "floordiv_i32": [("in0 // in1", {"in0": np.array([5, -5, 5, -5, 6], np.int32), "in1": np.array([3, 3, -3, -3, 3], np.int32)})],
    "pow_i32": [("in0 ** in1", {"in0": np.array([5, -5, 2, 0, 3], np.int32), "in1": np.array([3, 2, 10, 0, 0], np.int32)})],
    "wrap_u8": [("in0 + in1", {"in0": np.array([250, 3], np.uint8), "in1": np.array([10, 4], np.uint8)}),
                ("in0 - in1", {"in0": np.array([250, 3], np.uint8), "in1": np.array([10, 4], np.uint8)}),
                ("in0 * in1", {"in0": np.array([250, 3], np.uint8), "in1": np.array([10, 4], np.uint8)})],
    "max_nan": [("jnp.max(in0)", {"in0": np.array([1, np.nan, 3], f32)}), ("jnp.maximum(in0, 2.0)", {"in0": np.array([1, np.nan, 3], f32)})],
    "sort_nan": [("jnp.sort(in0)", {"in0": np.array([2, np.nan, 1, -np.inf, np.inf, -0.0], f32)})],
}

SECOND = {  # gradient of sum over inputs of sum(v_k * d/dx_k sum(w * op))
    "tanh": [("jnp.tanh(in0)", {"in0": ([4], "any")})],
    "exp": [("jnp.exp(in0)", {"in0": ([4], "any")})],
    "log": [("jnp.log(in0)", {"in0": ([4], "positive")})],
    "sqrt": [("jnp.sqrt(in0)", {"in0": ([4], "positive")})],
    "sin": [("jnp.sin(in0)", {"in0": ([4], "any")})],
    "erf": [("jax.scipy.special.erf(in0)", {"in0": ([4], "any")})],
    "sigmoid": [("jax.nn.sigmoid(in0)", {"in0": ([4], "any")})],
    "integer_pow_3": [("in0 ** 3", {"in0": ([4], "any")})],
    "mul": [("in0 * in1", {"in0": ([2, 3], "any"), "in1": ([3], "any")})],
    "div": [("in0 / in1", {"in0": ([2, 3], "any"), "in1": ([3], "nonzero")})],
    "pow": [("in0 ** in1", {"in0": ([2, 3], "positive"), "in1": ([3], "any")})],
    "matmul": [("in0 @ in1", {"in0": ([2, 3], "any"), "in1": ([3, 2], "any")})],
    "norm": [("jnp.linalg.norm(in0)", {"in0": ([2, 3], "any")})],
    "logsumexp": [("jax.scipy.special.logsumexp(in0, axis=-1)", {"in0": ([2, 3], "any")})],
    "inv": [("jnp.linalg.inv(in0 + 3.0 * jnp.eye(3, dtype=jnp.float32))", {"in0": ([3, 3], "any")})],
    "softmax_cross_entropy": OTHER["cross_entropy"],
    "rosenbrock": OTHER["rosenbrock"],
}


def case(expression, inputs, ones=False):
    return {"expression": expression, "inputs": inputs, "ones": ones}


def table():
    """name -> list of cases; the arrays are not drawn yet."""
    ops = {}
    for name, (expr, domain, edges) in UNARY.items():
        ops[name] = [case(expr, {"in0": ([2, 3], domain)}), case(expr, {"in0": ([], domain)}),
                     case(expr, {"in0": np.array(edges, f32)}, True),
                     case(expr, {"in0": np.array([np.inf, -np.inf, np.nan, -0.0], f32)}, True)]
    for name, (expr, d0, d1, edges) in BINARY.items():
        ops[name] = [case(expr, {"in0": (s0, d0), "in1": (s1, d1)}) for s0, s1 in PAIRS]
        if edges:
            e = np.array(edges, f32)
            ops[name].append(case(expr, {"in0": e[:, 0].copy(), "in1": e[:, 1].copy()}, True))
    for name, expr in REDUCTIONS.items():
        # jnp.linalg.norm of a matrix is the Frobenius norm, that is the l2 norm over both axes
        cases = [case(expr.format(args), {"in0": (shape, "any")}) for shape, args in REDUCTION_ARGS]
        cases.append(case(expr.format(", axis=-1"), {"in0": np.array(REDUCTION_EDGE[name], f32)}, True))
        ops[name] = cases
    for name, expr in SAME_SHAPE.items():
        ops[name] = [case(expr.format(args), {"in0": (shape, "any")}) for shape, args in SAME_SHAPE_ARGS]
    ops["softmax"].append(case("jax.nn.softmax(in0)", {"in0": np.array([[1000, 999, 0], [-1000, -1000, -1000]], f32)}, True))
    ops["log_softmax"].append(case("jax.nn.log_softmax(in0)", {"in0": np.array([[1000, 999, 0], [-1000, -1000, -1000]], f32)}, True))
    ops["sort"].append(case("jnp.sort(in0)", {"in0": np.array([2, 1, 2, 1, 3], f32)}))
    for name, cases in OTHER.items():
        ops[name] = [case(*c) for c in cases]
    return ops


def arrays(name, i, inputs):
    out = {}
    for key, value in inputs.items():
        out[key] = draw(f"{name}/{i}/{key}", *value) if isinstance(value, tuple) else value
    return out


def function(expression, names, constants):
    scope = {"jnp": jnp, "jax": jax, **{k: jnp.asarray(v) for k, v in constants.items()}}
    if "cond" in scope:
        scope["cond"] = scope["cond"] != 0
    return eval(f"lambda {', '.join(names)}: {expression}", scope)


def evaluate(name, i, c, derivative):
    given = arrays(name, i, c["inputs"])
    xs = {k: jnp.asarray(v) for k, v in given.items() if k.startswith("in")}
    f = function(c["expression"], list(xs), {k: v for k, v in given.items() if k not in xs})
    out = f(*xs.values())
    record = {**given, "out": out.astype(jnp.int32) if out.dtype == jnp.int64 else out}
    if derivative == 0:
        return record
    assert out.dtype == jnp.float32, (name, i, out.dtype)
    w = np.ones(out.shape, f32) if c["ones"] else np.asarray(common.rng(f"{name}/{i}/w").normal(size=out.shape), f32)
    argnums = tuple(range(len(xs)))
    total = lambda *a: jnp.sum(w * f(*a))
    grads = jax.grad(total, argnums)(*xs.values())
    record["w"] = w
    for k, g in enumerate(grads):
        record[f"g{k}"] = g
    if derivative == 2:
        vs = [np.asarray(common.rng(f"{name}/{i}/v{k}").normal(size=x.shape), f32) for k, x in enumerate(xs.values())]
        inner = lambda *a: sum(jnp.sum(v * g) for v, g in zip(vs, jax.grad(total, argnums)(*a)))
        for k, (v, h) in enumerate(zip(vs, jax.grad(inner, argnums)(*xs.values()))):
            record[f"v{k}"], record[f"h{k}"] = v, h
    return record


def casts():
    """f32 -> the other types, by value and by bit pattern."""
    special = [0.0, -0.0, 1.0, -1.0, 1.00390625, 1.01171875, 1.005859375, 65504.0, 65519.0, 65520.0, 70000.0, 3.3e38,
               3.4028235e38, 1e-8, 6e-8, 3e-8, 2.9802322e-8, 1e-40, 1.4e-45, np.inf, -np.inf, np.nan]
    x = np.concatenate([np.array(special, f32), common.rng("casts").normal(size=30).astype(f32) * 100])
    small = np.array([0, 1.9, -1.9, 2.5, 100.7, -100.7, 2e9], f32)
    return {
        "in": x, "bf16_bits": jnp.asarray(x).astype(jnp.bfloat16), "f16_bits": jnp.asarray(x).astype(jnp.float16),
        "bf16_back": jnp.asarray(x).astype(jnp.bfloat16).astype(jnp.float32),
        "f16_back": jnp.asarray(x).astype(jnp.float16).astype(jnp.float32),
        "to_i32_in": small, "to_i32": jnp.asarray(small).astype(jnp.int32),
        "to_u8_in": np.array([0, 1.9, 254.9, 255], f32), "to_u8": jnp.asarray([0, 1.9, 254.9, 255], jnp.float32).astype(jnp.uint8),
        "to_bool_in": np.array([0, -0.0, 0.5, np.nan], f32), "to_bool": jnp.asarray([0, -0.0, 0.5, np.nan], jnp.float32).astype(bool),
    }


def generate():
    op = {name: common.numbered([evaluate(name, i, c, 1) for i, c in enumerate(cases)]) for name, cases in table().items()}
    value = {name: common.numbered([evaluate(name, i, case(*c), 0) for i, c in enumerate(cases)])
             for name, cases in VALUE_ONLY.items()}
    grad2 = {name: common.numbered([evaluate(f"{name}2", i, case(*c), 2) for i, c in enumerate(cases)])
             for name, cases in SECOND.items()}
    common.save("grads.npz", {"op": op, "value": value, "grad2": grad2, "cast": casts()})
