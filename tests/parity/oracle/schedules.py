"""Schedules of Optax at given steps, in f64."""
import jax.numpy as jnp
import numpy as np
import optax

from . import common

STEPS = [*range(31), 100, 1000]

CASES = {
    "constant": "optax.constant_schedule(0.1)",
    "linear": "optax.linear_schedule(1.0, 0.1, 20)",
    "linear_begin": "optax.linear_schedule(0.0, 1.0, 10, transition_begin=5)",
    "linear_no_steps": "optax.linear_schedule(0.5, 0.1, 0)",
    "polynomial_2": "optax.polynomial_schedule(1.0, 0.1, 2, 20)",
    "polynomial_half": "optax.polynomial_schedule(1.0, 0.1, 0.5, 20, transition_begin=3)",
    "exponential_decay": "optax.exponential_decay(1.0, 10, 0.5)",
    "exponential_decay_staircase": "optax.exponential_decay(1.0, 7, 0.5, staircase=True)",
    "exponential_decay_begin": "optax.exponential_decay(1.0, 10, 0.5, transition_begin=4)",
    "exponential_decay_end": "optax.exponential_decay(1.0, 10, 0.5, end_value=0.3)",
    "exponential_growth_end": "optax.exponential_decay(1.0, 10, 2.0, end_value=5.0)",
    "exponential_no_steps": "optax.exponential_decay(0.5, 0, 0.5)",
    "cosine_decay": "optax.cosine_decay_schedule(1.0, 20)",
    "cosine_decay_alpha": "optax.cosine_decay_schedule(0.5, 25, alpha=0.1)",
    "cosine_decay_exponent": "optax.cosine_decay_schedule(0.5, 25, alpha=0.1, exponent=2.0)",
    "warmup_constant": "optax.warmup_constant_schedule(0.0, 1.0, 10)",
    "warmup_cosine_decay": "optax.warmup_cosine_decay_schedule(0.0, 1.0, 10, 30)",
    "warmup_cosine_decay_end": "optax.warmup_cosine_decay_schedule(0.1, 1.0, 5, 25, end_value=0.05, exponent=1.5)",
    "warmup_exponential_decay": "optax.warmup_exponential_decay_schedule(0.0, 1.0, 5, 10, 0.5)",
    "warmup_exponential_decay_end": "optax.warmup_exponential_decay_schedule(0.1, 1.0, 5, 10, 0.5, transition_begin=3, staircase=True, end_value=0.2)",
    "piecewise_constant": "optax.piecewise_constant_schedule(1.0, {5: 0.5, 10: 0.1, 28: 3.0})",
    "piecewise_constant_none": "optax.piecewise_constant_schedule(0.7)",
    "piecewise_interpolate_linear": "optax.piecewise_interpolate_schedule('linear', 1.0, {5: 0.5, 10: 0.1, 25: 3.0})",
    "piecewise_interpolate_cosine": "optax.piecewise_interpolate_schedule('cosine', 1.0, {5: 0.5, 10: 0.1, 25: 3.0})",
    "join": "optax.join_schedules([optax.linear_schedule(0.0, 1.0, 5), optax.constant_schedule(1.0), optax.cosine_decay_schedule(1.0, 10)], [5, 12])",
    "cosine_onecycle": "optax.cosine_onecycle_schedule(30, 1.0)",
    "cosine_onecycle_args": "optax.cosine_onecycle_schedule(20, 0.5, pct_start=0.25, div_factor=10.0, final_div_factor=100.0)",
    "linear_onecycle": "optax.linear_onecycle_schedule(30, 1.0)",
    "linear_onecycle_args": "optax.linear_onecycle_schedule(20, 0.5, pct_start=0.25, pct_final=0.75, div_factor=10.0, final_div_factor=100.0)",
    "sgdr": "optax.sgdr_schedule([{'init_value': 0.0, 'peak_value': 1.0, 'decay_steps': 10, 'warmup_steps': 3, 'end_value': 0.1}, {'init_value': 0.1, 'peak_value': 0.5, 'decay_steps': 15, 'warmup_steps': 4, 'end_value': 0.0}])",
}


def generate():
    tree = {}
    for name, expression in CASES.items():
        schedule = eval(expression, {"optax": optax})
        # an i64 step: with an i32 one, which transformations pass, JAX divides in f32 here and there
        values = [jnp.asarray(schedule(jnp.asarray(step, jnp.int64))) for step in STEPS]
        assert all(v.dtype == jnp.float64 for v in values), name
        tree[name] = np.array([float(v) for v in values], np.float64)
    common.save("schedules.npz", {"steps": np.array(STEPS, np.int32), "schedule": tree})
