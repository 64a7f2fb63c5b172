#!/usr/bin/env python3
"""Makes the files beside this one, as NumPy and safetensors write them: what tests/store reads.

    make.py         with numpy, ml_dtypes and safetensors
SPDX-License-Identifier: MIT"""
import io
import pathlib
import zipfile

import ml_dtypes
import numpy as np
import safetensors.numpy

HERE = pathlib.Path(__file__).resolve().parent
GRID = np.arange(12).reshape(3, 4)


def npy(name, array, version=None):
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asanyarray(array), version=version)
    (HERE / name).write_bytes(out.getvalue())


class Unseekable(io.RawIOBase):
    """What zipfile cannot go back in: sizes then follow the data."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data)
        return len(data)


npy("f4.npy", GRID.astype("<f4") / 2)
npy("fortran.npy", np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype("<f8")))
npy("big_endian.npy", GRID.astype(">f4") / 2)
npy("bool.npy", np.array([True, False, True]))
npy("u1.npy", np.array([0, 127, 255], "u1"))
npy("i1.npy", np.array([-128, -1, 127], "i1"))
npy("i2.npy", np.array([-32768, -1, 32767], ">i2"))
npy("u2.npy", np.array([0, 65535], "<u2"))
npy("i4.npy", np.array([-2**31, 2**31 - 1], "<i4"))
npy("u4.npy", np.array([0, 1, 2**31 - 1], "<u4"))
npy("key.npy", np.array([2**32 - 1, 7], "<u4"))
npy("i8.npy", np.array([-2**31, -1, 2**31 - 1], "<i8"))
npy("i8_large.npy", np.array([0, 2**31], "<i8"))
npy("i8_small.npy", np.array([-2**31 - 1], "<i8"))
npy("u8_large.npy", np.array([2**63], "<u8"))
npy("f2.npy", np.array([1.5, -2, 65504, np.inf], "<f2"))
npy("scalar.npy", np.array(2.5))
npy("empty.npy", np.zeros((0, 3), "<f4"))
npy("v2.npy", GRID.astype("<f4") / 2, (2, 0))
npy("v3.npy", GRID.astype("<f4") / 2, (3, 0))
npy("complex.npy", np.array([1j]))
npy("text.npy", np.array(["abc"]))
npy("fields.npy", np.zeros(2, [("a", "<f4"), ("b", "<i4")]))
npy("bf16.npy", np.array([1.5], ml_dtypes.bfloat16))

tree = {"Dense_0/kernel": GRID.astype("<f4") / 2, "Dense_0/bias": np.ones(4, "<f4"), "step": np.array(3.0),
        "größe/核": np.array([1, 2], "<i4")}
np.savez(HERE / "plain.npz", **tree)
np.savez_compressed(HERE / "packed.npz", **tree)
np.savez_compressed(HERE / "zeros.npz", zeros=np.zeros(100000, "<f4"))
stream = Unseekable()
with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as z:
    for name, array in tree.items():
        out = io.BytesIO()
        np.save(out, array)
        z.writestr(name + ".npy", out.getvalue())
(HERE / "streamed.npz").write_bytes(stream.data)

tree["half"] = np.array([1.5, -2], "<f2")
tree["brain"] = np.array([1.5, -2], ml_dtypes.bfloat16)
tree["flags"] = np.array([[True], [False]])
tree["wide"] = np.array([5, -6], "<i8")
safetensors.numpy.save_file(tree, HERE / "plain.safetensors", metadata={"format": "np"})
