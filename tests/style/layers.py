#!/usr/bin/env python3
"""Who may include whom: downward only, and no cycles, even inside a folder.

No header includes itself by a round-about way; and x.c with x.h is one module, whose includes of other modules make
no circle either (a header without a .c of its own, the inside of a module of several files, is not looked through).
Fails with each offending line.
SPDX-License-Identifier: MIT"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SRC = ROOT / "src"
INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')
SYSTEM = re.compile(r"\s*#\s*include\s*<([^>]+)>")

# A folder sees itself and these.
SEES = {
    "base": [],
    "tree": ["base"],
    "tile": ["base"],
    "lang": ["base"],
    "graph": ["base", "tree", "tile"],
    "plan": ["base", "tree", "tile", "graph"],
    "data": ["base", "tree"],
    "store": ["base", "tree"],
    "vm": ["base", "tree", "tile", "lang", "graph", "plan", "data", "store"],
    "api": ["base", "tree", "tile", "lang", "graph", "plan", "data", "store", "vm"],
}
OUTSIDE = ["src/cli", "examples", "tests/api", "tests/fuzz"]  # see <optic.h> and their own folder only
GENERATED = {"optic.tab.h": "lang", "optic.lex.h": "lang"}
READLINE_IN = "src/cli"


def includes(path, pattern):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = pattern.match(line)
        if found:
            yield number, found.group(1)


def sources(folder):
    return [p for p in sorted(folder.rglob("*")) if p.suffix in (".c", ".h", ".def", ".y", ".l") and p.is_file()]


def module(path):
    """x.c and x.h as "x"; None for what has no code of its own."""
    stem = path.rsplit(".", 1)[0]
    return stem if path.endswith((".c", ".h")) and (SRC / (stem + ".c")).is_file() else None


def cycle_in(edges):
    """The first cycle found, as a list of modules, or None."""
    state = {}

    def visit(node, path):
        state[node] = 1
        for target in sorted(edges.get(node, {})):
            if state.get(target) == 1:
                return path[path.index(target):] + [target]
            if target not in state:
                found = visit(target, path + [target])
                if found:
                    return found
        state[node] = 2
        return None

    for node in sorted(edges):
        if node not in state:
            found = visit(node, [node])
            if found:
                return found
    return None


def main():
    sys.setrecursionlimit(10000)
    wrong = []
    headers, modules = {}, {}  # from -> to -> where
    for path in sources(SRC) + sources(ROOT / "grammar"):
        shown = path.relative_to(ROOT).as_posix()
        inside = path.relative_to(SRC).as_posix() if SRC in path.parents else "lang/" + path.name
        folder = inside.split("/")[0]
        if folder in ("cli", "include"):
            continue
        if folder not in SEES:
            wrong.append("%s: no such folder in the architecture (tests/style/layers.py)" % shown)
            continue
        for number, target in includes(path, INCLUDE):
            to = GENERATED.get(target) or target.split("/")[0]
            if target in GENERATED:
                pass
            elif "/" not in target:
                wrong.append('%s:%d: include "%s" by its path from src/' % (shown, number, target))
                continue
            elif not (SRC / target).is_file():
                wrong.append('%s:%d: there is no src/%s' % (shown, number, target))
                continue
            if to != folder and to not in SEES[folder]:
                wrong.append("%s:%d: %s must not see %s" % (shown, number, folder, target))
            elif target not in GENERATED:
                place = "%s:%d" % (shown, number)
                if not inside.endswith(".c"):
                    headers.setdefault(inside, {}).setdefault(target, place)
                here, there = module(inside), module(target)
                if here and there and here != there:
                    modules.setdefault(here, {}).setdefault(there, place)
        for number, target in includes(path, SYSTEM):
            if target.startswith("readline/"):
                wrong.append("%s:%d: readline (GPL) stays in %s" % (shown, number, READLINE_IN))
            if target == "optic.h" and folder != "api":
                wrong.append("%s:%d: only src/api and hosts see <optic.h>" % (shown, number))
    for name in OUTSIDE:
        for path in sources(ROOT / name):
            for number, target in includes(path, INCLUDE):
                if target != "optic.h" and not (path.parent / target).is_file():
                    wrong.append("%s:%d: %s sees <optic.h> alone, not %s" %
                                 (path.relative_to(ROOT).as_posix(), number, name, target))
    for what, edges in (("headers that include each other:", headers), ("modules that want each other:", modules)):
        cycle = cycle_in(edges)
        if cycle:
            wrong.append(what)
            for here, there in zip(cycle, cycle[1:]):
                wrong.append("  %s: %s includes %s" % (edges[here][there], here, there))
    print("\n".join(wrong) or "layers: nothing to say")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
