#!/usr/bin/env python3
"""Run the scripts of tests/script with the command `optic` and compare what they print.

    run_script_tests.py OPTIC [--update] [PATTERN ...]

Each tests/script/**/NAME.opt is a test (but those in a folder `modules`, which others import). What it says of itself:
    # expect: text     a line of standard output; all such lines, in order, are the whole output
    # args: a b        the script's arguments
    # exit: 1          the exit code, where it is not 0 (1 where NAME.err shows an error)
    # stdin: text      a line of standard input
    # command: check   `check` or `dis` instead of `run`
    # eager: no        skipped where OPTIC_EAGER is set
NAME.out beside it holds the standard output instead of `# expect:` lines; NAME.err the standard error (else: nothing).
Under errors/ NAME.err must be there. The command runs in the script's folder with its bare name, so no path shows.
--update writes .err (under errors/, or where one is) and .out files anew; look at the difference before you commit it.
PATTERN: only tests whose path holds it. Ends with `N passed, N failed`; exit code 1 where any failed.
SPDX-License-Identifier: MIT"""
import concurrent.futures
import difflib
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "script"
MARK = re.compile(r"#\s?(expect|args|exit|stdin|command|eager):(.*)")
SECONDS = 120


def marks_of(path):
    marks = {"expect": [], "stdin": []}
    for line in path.read_bytes().decode("utf-8", "replace").splitlines():
        found = MARK.search(line)
        if found:
            key, value = found.group(1), found.group(2)
            value = value[1:] if value.startswith(" ") else value
            if key in ("expect", "stdin"):
                marks[key].append(value.rstrip())
            else:
                marks[key] = value.strip()
    return marks


def lines_of(data):
    return [line.rstrip() for line in data.decode("utf-8", "replace").splitlines()]


def difference(what, want, got):
    if want == got:
        return ""
    diff = difflib.unified_diff(want, got, "expected " + what, "what came", lineterm="", n=2)
    return "\n".join("    " + line for line in list(diff)[:60]) + "\n"


def run_one(optic, path, update):
    """Returns None where the test passes, "" where it is skipped, else what is wrong."""
    marks = marks_of(path)
    if marks.get("eager") == "no" and os.environ.get("OPTIC_EAGER"):
        return ""
    err_file, out_file = path.with_suffix(".err"), path.with_suffix(".out")
    golden_error = err_file.exists() or "errors" in path.relative_to(ROOT).parts[:-1]
    command = [optic, marks.get("command", "run"), "-q", path.name] + shlex.split(marks.get("args", ""))
    stdin = "".join(line + "\n" for line in marks["stdin"]).encode()
    try:
        ran = subprocess.run(command, cwd=path.parent, input=stdin, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return "    took longer than %d s\n" % SECONDS
    if update:
        if golden_error and ran.stderr:
            err_file.write_bytes(ran.stderr)
        if out_file.exists():
            out_file.write_bytes(ran.stdout)
    if golden_error and not err_file.exists():
        return "    there is no %s; --update writes it\n" % err_file.name
    want_err = lines_of(err_file.read_bytes()) if golden_error else []
    want_out = lines_of(out_file.read_bytes()) if out_file.exists() else marks["expect"]
    shows_error = any(line.startswith("error: ") for line in want_err)
    want_exit = int(marks.get("exit", 1 if shows_error else 0))
    wrong = difference("output", want_out, lines_of(ran.stdout)) + difference("errors", want_err, lines_of(ran.stderr))
    if ran.returncode != want_exit:
        wrong += "    exit code %d, not %d\n" % (ran.returncode, want_exit)
    return wrong or None


def main():
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    update = "--update" in sys.argv[1:]
    if not arguments:
        sys.exit(__doc__)
    optic, patterns = os.path.abspath(arguments[0]), arguments[1:]
    tests = [p for p in sorted(ROOT.rglob("*.opt")) if "modules" not in p.relative_to(ROOT).parts]
    tests = [p for p in tests if not patterns or any(pattern in p.as_posix() for pattern in patterns)]
    passed = failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for path, wrong in zip(tests, pool.map(lambda p: run_one(optic, p, update), tests)):
            name = path.relative_to(ROOT).as_posix()
            if wrong is None:
                passed += 1
            elif wrong == "":
                skipped += 1
            else:
                failed += 1
                print("FAILED %s\n%s" % (name, wrong), flush=True)
    print("%d passed, %d failed%s" % (passed, failed, ", %d skipped" % skipped if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
