"""Loss functions of Optax: value, and gradient of the values' sum for the first input."""
import jax
import jax.numpy as jnp
import numpy as np
import optax

from . import common

f32 = np.float32


def normal(name, shape):
    return np.asarray(common.rng(name).normal(size=shape) * 2, f32)


def probabilities(name, shape):
    return np.asarray(jax.nn.softmax(normal(name, shape)), f32)


ONE_HOT = np.eye(5, dtype=f32)[[1, 0, 4]]
X, Y = normal("losses/x", [3, 5]), normal("losses/y", [3, 5])
BINARY = np.array([[1, 0, 0, 1, 1], [0, 0, 1, 0, 1], [1, 1, 0, 0, 0]], f32)
SIGNS = 2 * BINARY - 1
LABELS = np.array([1, 0, 4], np.int32)
P, Q = probabilities("losses/p", [3, 5]), probabilities("losses/q", [3, 5])
Q0 = np.where(Q < 0.1, f32(0), Q)

CASES = {
    "softmax_cross_entropy": [("optax.softmax_cross_entropy(in0, in1)", [X, ONE_HOT]),
                              ("optax.softmax_cross_entropy(in0, in1)", [X, P]),
                              ("optax.softmax_cross_entropy(in0, in1)", [100 * X, ONE_HOT]),
                              ("optax.softmax_cross_entropy(in0, in1, axis=0)", [X, P])],
    "softmax_cross_entropy_with_integer_labels": [
        ("optax.softmax_cross_entropy_with_integer_labels(in0, in1)", [X, LABELS]),
        ("optax.softmax_cross_entropy_with_integer_labels(in0, in1)", [100 * X, LABELS])],
    "safe_softmax_cross_entropy": [("optax.safe_softmax_cross_entropy(in0, in1)", [X, ONE_HOT])],
    "sigmoid_binary_cross_entropy": [("optax.sigmoid_binary_cross_entropy(in0, in1)", [X, BINARY]),
                                     ("optax.sigmoid_binary_cross_entropy(in0, in1)", [X, P]),
                                     ("optax.sigmoid_binary_cross_entropy(in0, in1)", [100 * X, BINARY])],
    "sigmoid_focal_loss": [("optax.sigmoid_focal_loss(in0, in1)", [X, BINARY]),
                           ("optax.sigmoid_focal_loss(in0, in1, alpha=0.25, gamma=1.5)", [X, BINARY])],
    "l2_loss": [("optax.l2_loss(in0, in1)", [X, Y]), ("optax.l2_loss(in0)", [X])],
    "squared_error": [("optax.squared_error(in0, in1)", [X, Y]), ("optax.squared_error(in0)", [X])],
    "huber_loss": [("optax.huber_loss(in0, in1)", [X, Y]), ("optax.huber_loss(in0, in1, delta=0.5)", [X, Y]),
                   ("optax.huber_loss(in0)", [np.array([0, 1, -1, 3, -0.5], f32)])],
    "log_cosh": [("optax.log_cosh(in0, in1)", [X, Y]), ("optax.log_cosh(in0, in1)", [100 * X, Y])],
    "hinge_loss": [("optax.hinge_loss(in0, in1)", [X, SIGNS])],
    "cosine_similarity": [("optax.cosine_similarity(in0, in1)", [X, Y]),
                          ("optax.cosine_similarity(in0, in1, epsilon=0.1)", [X, Y]),
                          ("optax.cosine_similarity(in0, in1, epsilon=1e-6)", [X, 0 * Y])],
    "cosine_distance": [("optax.cosine_distance(in0, in1)", [X, Y])],
    "kl_divergence": [("optax.kl_divergence(in0, in1)", [np.log(P), Q]), ("optax.kl_divergence(in0, in1)", [np.log(P), Q0])],
    "generalized_kl_divergence": [("optax.losses.generalized_kl_divergence(in0, in1)", [np.log(P), Q])],
    "convex_kl_divergence": [("optax.convex_kl_divergence(in0, in1)", [np.log(P), Q])],
    "kl_divergence_with_log_targets": [("optax.losses.kl_divergence_with_log_targets(in0, in1)", [np.log(P), np.log(Q)])],
    "poly_loss_cross_entropy": [("optax.losses.poly_loss_cross_entropy(in0, in1)", [X, ONE_HOT]),
                                ("optax.losses.poly_loss_cross_entropy(in0, in1, epsilon=-1.0)", [X, ONE_HOT])],
    "perceptron_loss": [("optax.losses.perceptron_loss(in0, in1)", [X, SIGNS])],
    "smooth_labels": [("optax.smooth_labels(in0, 0.1)", [ONE_HOT]), ("optax.smooth_labels(in0, 0.5)", [P])],
    "make_fenchel_young_loss_logsumexp": [
        ("optax.losses.make_fenchel_young_loss(jax.scipy.special.logsumexp)(in0, in1)", [X[0], P[0]])],
}


def generate():
    tree = {}
    for name, cases in CASES.items():
        records = []
        for expression, inputs in cases:
            inputs = [np.asarray(x) for x in inputs]
            names = [f"in{k}" for k in range(len(inputs))]
            f = eval(f"lambda {', '.join(names)}: {expression}", {"optax": optax, "jax": jax, "jnp": jnp})
            xs = [jnp.asarray(x) for x in inputs]
            out = f(*xs)
            assert out.dtype == jnp.float32, (name, out.dtype)
            records.append({**dict(zip(names, inputs)), "out": out,
                            "g0": jax.grad(lambda *a: jnp.sum(f(*a)))(*xs)})
        tree[name] = common.numbered(records)
    common.save("losses.npz", {"loss": tree})
