#!/usr/bin/env python3
# Scalar code beside Lua and Python: whole processes, interleaved in one run, user time, medians and their ratios.
#
#   bench/scalar.py build/optic [ROUNDS]
#
# SPDX-License-Identifier: MIT
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scalar")


def user_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    out = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before, out.decode().strip()


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: bench/scalar.py OPTIC [ROUNDS]")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    peers = {"optic": ([sys.argv[1]], "opt"), "lua5.4": (["lua5.4"], "lua"), "python3": (["python3"], "py")}
    peers = {name: p for name, p in peers.items() if name == "optic" or shutil.which(name)}
    ratios = "".join(f"{'optic/' + name:>15}" for name in peers if name != "optic")
    print(f"{'':12}" + "".join(f"{name:>10}" for name in peers) + ratios)
    for work in ["fib", "loops", "rosenbrock"]:
        times = {name: [] for name in peers}
        results = set()
        for _ in range(rounds):
            for name, (command, ending) in peers.items():
                seconds, out = user_seconds(command + [os.path.join(HERE, f"{work}.{ending}")])
                times[name].append(seconds)
                results.add(out.lower().removesuffix(".0"))
        if len(results) != 1:
            sys.exit(f"{work}: the results differ: {results}")
        medians = {name: statistics.median(t) for name, t in times.items()}
        row = f"{work:12}" + "".join(f"{medians[n]:9.3f}s" for n in peers)
        print(row + "".join(f"{medians['optic'] / medians[n]:15.2f}" for n in peers if n != "optic"))
    starts = []
    for _ in range(20):
        begin = time.perf_counter()
        subprocess.run([sys.argv[1], "-e", "1"], stdout=subprocess.DEVNULL, check=True)
        starts.append(time.perf_counter() - begin)
    start = 1000 * statistics.median(starts)
    print(f"start-up of `optic -e 1`: {start:.1f} ms (median of {len(starts)}, whole process)")


if __name__ == "__main__":
    main()
