#!/usr/bin/env python3
"""Run the examples in the documentation of the functions written in C with the command `optic`.

    run_doc_examples.py OPTIC [--list] [NAME ...]

A documentation holds lines `>>> code` and after each what it shows, up to an empty line or the next `>>> `. The
examples of one function share a script. What `doc(f)` says is what is run. (Those of stdlib/*.opt have their own:
tests/stdlib/run_examples.py.)
--list names the functions that have no example. Ends with `N passed, N failed`; exit code 1 where any failed.
SPDX-License-Identifier: MIT"""
import concurrent.futures
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROW = re.compile(r'\{\s*"(\w+)\(')
PRIM = re.compile(r"^PRIM[123]\((\w+),", re.M)
MARK = "@@"


def names():
    found = []
    for path in sorted((ROOT / "src/vm").glob("b_*.c")):
        for chunk in re.split(r"\n    (?=\{)", path.read_text(encoding="utf-8")):
            row = ROW.match(chunk)
            if row and "METHOD_ONLY" not in chunk and path.name != "b_transform.c":
                found.append(row.group(1))
    found += PRIM.findall((ROOT / "src/tile/prim.def").read_text(encoding="utf-8"))
    return sorted(set(found))


def run(optic, script):
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run([optic, "-q", "-e", script], cwd=folder, capture_output=True, text=True, timeout=120)
    return ran.stdout + ran.stderr


def documentation(optic, wanted):
    script = "".join('print("%s%s")\nprint(doc(%s))\n' % (MARK, name, name) for name in wanted)
    parts = run(optic, script).split(MARK)
    docs = dict(part.split("\n", 1) for part in parts[1:])
    if len(docs) != len(wanted):
        sys.exit("doc() of some function fails:\n" + parts[-1])
    return docs


def examples(doc):
    """[(code, [line of output])]"""
    found, open_one = [], False
    for line in doc.split("\n"):
        if line.startswith(">>> "):
            found.append((line[4:], []))
            open_one = True
        elif not line.strip():
            open_one = False
        elif open_one:
            found[-1][1].append(line.rstrip())
    return found


def check(optic, cases):
    script = "".join('print("%s")\n%s\n' % (MARK, code) for code, _ in cases)
    got = [[line.rstrip() for line in part.strip("\n").split("\n") if line.strip()]
           for part in run(optic, script).split(MARK)[1:]]
    want = [output for _, output in cases]
    lines = lambda outputs: [line for (code, _), output in zip(cases, outputs) for line in [">>> " + code] + output]
    return "\n".join(difflib.unified_diff(lines(want), lines(got), "documented", "what came", lineterm=""))


def main():
    arguments = [a for a in sys.argv[1:] if a != "--list"]
    if not arguments:
        sys.exit(__doc__)
    optic = os.path.abspath(arguments[0])
    wanted = [name for name in names() if not arguments[1:] or name in arguments[1:]]
    docs = documentation(optic, wanted)
    cases = {name: examples(docs[name]) for name in wanted}
    if "--list" in sys.argv[1:]:
        print("\n".join(name for name in wanted if not cases[name]))
        return 0
    with_one = [name for name in wanted if cases[name]]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for name, wrong in zip(with_one, pool.map(lambda n: check(optic, cases[n]), with_one)):
            if wrong:
                failed += 1
                print("FAILED %s\n%s\n" % (name, wrong))
    print("%d passed, %d failed" % (len(with_one) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
