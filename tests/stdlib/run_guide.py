#!/usr/bin/env python3
"""Check and run examples/optax_update_guide/*.opt and examples/optax_update_guide.md with the command `optic`.

    run_guide.py OPTIC

They train on MNIST or Fashion-MNIST; where neither is on the machine they are checked only, and the test is skipped
(exit code 77). Of the document what it prints is compared too, on MNIST. Ends with `N passed, N failed`.
SPDX-License-Identifier: MIT"""
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SECONDS = 120
FIND = "try { data = mnist() } catch e { data = fashion_mnist() }\nprint(data.name)"


def run(*command):
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS, text=True)


def outputs_of(document):
    """What its blocks ```text say, line after line."""
    lines, inside = [], False
    for line in document.read_text(encoding="utf-8").split("\n"):
        if line.startswith("```"):
            inside = line == "```text"
        elif inside:
            lines.append(line)
    return lines


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    optic = str(pathlib.Path(sys.argv[1]).resolve())
    document = ROOT / "examples" / "optax_update_guide.md"
    found = run(optic, "-q", "-e", FIND)
    data = found.stdout.strip() if found.returncode == 0 else None
    passed = failed = 0
    for path in [*sorted((ROOT / "examples" / "optax_update_guide").glob("[0-9]*.opt")), document]:
        start = time.monotonic()
        ran = run(optic, "check", str(path))
        if ran.returncode == 0 and data:
            ran = run(optic, "-q", str(path))
        wrong = ran.stderr if ran.returncode or ran.stderr else ""
        if path == document and data == "MNIST" and not wrong and ran.stdout.split("\n")[:-1] != outputs_of(path):
            wrong = "it prints\n" + ran.stdout
        passed, failed = passed + (not wrong), failed + bool(wrong)
        print("%s %s, %.1f s" % ("FAILED" if wrong else "ok", path.name, time.monotonic() - start))
        accuracies = [line for line in ran.stdout.split("\n") if line.startswith("test accuracy")]
        for line in [wrong.rstrip()] if wrong else accuracies if path != document else []:
            print("    " + line.replace("\n", "\n    "))
    print("data:", data or "none on this machine; checked, not run")
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0 if data else 77


if __name__ == "__main__":
    sys.exit(main())
