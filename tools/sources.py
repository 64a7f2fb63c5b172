#!/usr/bin/env python3
"""List source files for meson, one path a line, sorted; paths are relative to the repository.

    sources.py library     src/**/*.c that make the library, except the two kinds below
    sources.py kernels     the files of src/tile compiled once per instruction set: those that name functions through
                           LEVEL(...) (src/tile/level.h)
    sources.py cli         src/cli/*.c
    sources.py headers     src/**/*.h and *.def
    sources.py stdlib      stdlib/**/*.opt
    sources.py tests       tests/**/*_test.c, one program each
    sources.py fuzz        tests/fuzz/fuzz_*.c
    sources.py scripts     tests/{stdlib,parity}/*.opt and examples/*.opt, but those that others import or that train
    sources.py check FILE...   fails where these are not all of the above (but headers): the build is out of date

A file that is on disk is built: there is no list to forget one in. meson looks when it configures; the style test
`registration` fails when the disk has changed since (`meson setup --reconfigure BUILD` mends it).
SPDX-License-Identifier: MIT"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def found(pattern):
    return [p.relative_to(ROOT).as_posix() for p in sorted(ROOT.glob(pattern)) if p.is_file()]


def is_kernel(path):
    return path.startswith("src/tile/") and re.search(r"\bLEVEL\(", (ROOT / path).read_text(encoding="utf-8"))


LISTS = {
    "library": lambda: [p for p in found("src/**/*.c") if not p.startswith("src/cli/") and not is_kernel(p)],
    "kernels": lambda: [p for p in found("src/tile/**/*.c") if is_kernel(p)],
    "cli": lambda: found("src/cli/**/*.c"),
    "headers": lambda: found("src/**/*.h") + found("src/**/*.def"),
    "stdlib": lambda: found("stdlib/**/*.opt"),
    "tests": lambda: found("tests/**/*_test.c"),
    "fuzz": lambda: found("tests/fuzz/fuzz_*.c"),
    "scripts": lambda: [p for p in found("tests/stdlib/*.opt") + found("tests/parity/*.opt") + found("examples/*.opt")
                        if pathlib.PurePath(p).stem not in ("suite", "compare", "mnist_perceptron")],
}


def check(known):
    built = {p for name, files in LISTS.items() if name != "headers" for p in files()}
    for path in sorted(built - set(known)):
        print("%s: new, and not part of this build" % path)
    for path in sorted(set(known) - built):
        print("%s: part of this build, and gone" % path)
    if built != set(known):
        sys.exit("mend it with: meson setup --reconfigure BUILD")
    print("registration: nothing to say")


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "check":
        sys.exit(check(sys.argv[2:]))
    if len(sys.argv) != 2 or sys.argv[1] not in LISTS:
        sys.exit(__doc__)
    print("\n".join(LISTS[sys.argv[1]]()))
