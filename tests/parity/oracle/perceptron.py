"""The Optax guide's perceptron on MNIST with Flax's initial parameters."""
import gzip
import os
import sys

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from . import common

BATCH = 128
SEEDS = [0, 1, 2]


class Perceptron(nn.Module):
    @nn.compact
    def __call__(self, image):
        x = image.reshape((image.shape[0], -1)).astype(jnp.float32) / 255
        x = nn.relu(nn.Dense(50)(x))
        return nn.Dense(10)(x)


class Block(nn.Module):
    """A module within a module, to see how names nest."""
    @nn.compact
    def __call__(self, x):
        return nn.Dense(3)(x)


class Nested(nn.Module):
    @nn.compact
    def __call__(self, x):
        gain = self.param("gain", nn.initializers.normal(1.0, jnp.float32), (4,))
        x = Block()(x * gain)
        return Block(name="second")(x)


def read_idx(folder, name):
    for path, opener in ((os.path.join(folder, name + ".gz"), gzip.open), (os.path.join(folder, name), open)):
        if os.path.exists(path):
            with opener(path, "rb") as f:
                data = f.read()
            rank = data[3]
            shape = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], "big") for i in range(rank)]
            return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)
    sys.exit(f"{name}[.gz] is not in {folder}: set OPTIC_DATA to the folder with the MNIST files")


def train(model, params, tx, train_set, test_set, epochs):
    """Losses of the first 20 batches, and the test accuracy after each epoch."""
    images, labels = train_set

    def loss_fn(params, image, label):
        logits = model.apply(params, image)
        return optax.softmax_cross_entropy(logits, jax.nn.one_hot(label, 10, dtype=jnp.float32)).mean()

    @jax.jit
    def step(params, state, image, label):
        loss, grads = jax.value_and_grad(loss_fn)(params, image, label)
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state, loss

    @jax.jit
    def correct(params, image, label):
        return jnp.sum(jnp.argmax(model.apply(params, image), -1) == label)

    state, losses, accuracy = tx.init(params), [], []
    for _ in range(epochs):
        for start in range(0, len(images), BATCH):
            params, state, loss = step(params, state, images[start:start + BATCH], labels[start:start + BATCH])
            if len(losses) < 20:
                losses.append(float(loss))
        accuracy.append(float(correct(params, *test_set)) / len(test_set[0]))
    return losses, accuracy


# --- the same initial parameters from jax.random alone; FLAX_INIT.md says it in prose ------------------------------------

def flax_key(key, *path):
    """The key of the make_rng call described by `path`: names of modules outside in, then the call's number."""
    import hashlib
    digest = hashlib.sha1()
    for part in path:
        digest.update(part.encode() if isinstance(part, str) else part.to_bytes((part.bit_length() + 7) // 8, "big"))
    return jax.random.fold_in(key, np.uint32(int.from_bytes(digest.digest()[:4], "big")))


def lecun_normal(key, fan_in, fan_out):
    f32 = np.float32
    stddev = np.sqrt(f32(1 / fan_in)) / f32(0.87962566103423978)
    return jax.random.truncated_normal(key, -2, 2, (fan_in, fan_out), jnp.float32) * stddev


def verify_init(model, params, key, sizes):
    for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
        ours = lecun_normal(flax_key(key, f"Dense_{i}", 1), fan_in, fan_out)
        theirs = params["params"][f"Dense_{i}"]
        assert (ours == theirs["kernel"]).all(), i
        assert (theirs["bias"] == 0).all()


def verify_nested():
    key = jax.random.key(5)
    params = Nested().init(key, jnp.ones((1, 4), jnp.float32))["params"]
    assert (params["gain"] == jax.random.normal(flax_key(key, 1), (4,), jnp.float32)).all()
    assert (params["Block_0"]["Dense_0"]["kernel"] == lecun_normal(flax_key(key, "Block_0", "Dense_0", 1), 4, 3)).all()
    assert (params["second"]["Dense_0"]["kernel"] == lecun_normal(flax_key(key, "second", "Dense_0", 1), 3, 3)).all()
    return key, params


def generate():
    folder = os.environ.get("OPTIC_DATA")
    if not folder:
        sys.exit("set OPTIC_DATA to the folder with the MNIST files")
    train_set = [jnp.asarray(read_idx(folder, n)) for n in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")]
    test_set = [jnp.asarray(read_idx(folder, n)) for n in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")]
    model = Perceptron()
    inits = []
    for seed in SEEDS:
        key = jax.random.key(seed)
        params = model.init(key, train_set[0][:1])
        verify_init(model, params, key, [784, 50, 10])
        inits.append({"seed": common.count(seed), "params": params["params"]})
    nested_key, nested = verify_nested()
    print("  initial parameters reproduced with fold_in and truncated_normal: exact")

    tree = {"init": common.numbered(inits), "nested": {"key": nested_key, "params": nested}}
    first = model.init(jax.random.key(0), train_set[0][:1])
    for name, tx in (("sgd", optax.sgd(0.01, momentum=0.9)), ("adam", optax.adam(1e-3))):
        losses, accuracy = train(model, first, tx, train_set, test_set, 10)
        tree[name] = {"losses": np.array(losses), "accuracy_1": np.float64(accuracy[0]), "accuracy_10": np.float64(accuracy[9]),
                      "accuracies": np.array(accuracy)}
        print(f"  {name}: test accuracy {accuracy[0]:.4f} after 1 epoch, {accuracy[9]:.4f} after 10")
    common.save("perceptron.npz", tree)
