#!/usr/bin/env python3
"""Run the examples in the documentation of stdlib/*.opt with the command `optic`: lines `>>> code`, which may go on in
lines `... code`, and then what it shows.

    run_examples.py OPTIC [--update] [NAME ...]

The examples of one definition share a script. Every definition must have an example. --update writes the output that
came into the files: look at the difference before you commit it. NAME: only these definitions.
Ends with `N passed, N failed`; exit code 1 where any failed.
SPDX-License-Identifier: MIT"""
import concurrent.futures
import difflib
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DEFINITION = re.compile(r"(?:fn|transform) (\w+)\(")
STATEMENT = re.compile(r"(for|while|fn|transform|if|assert|import|try|print)\b|[\w.\[\]\"/, *]+ ?([-+*/]?)=(?!=)")
MARK = "@@"


class Example:
    def __init__(self, indent, code):
        self.indent, self.code, self.output = indent, code, []


def parse(path):
    """The file's lines as text or Examples, and the definitions: {name: [Example]}."""
    parts, definitions, examples, inside = [], {}, [], False
    current = None
    for line in path.read_text(encoding="utf-8").split("\n"):
        found = DEFINITION.match(line)
        if found and not inside:
            examples = definitions.setdefault(found.group(1), [])
        inside ^= line.count('"""') % 2 == 1
        stripped = line.strip()
        if inside and stripped.startswith(">>> "):
            current = Example(line[:len(line) - len(line.lstrip())], stripped[4:])
            examples.append(current)
            parts.append(current)
        elif inside and current is not None and stripped.startswith("... ") and not current.output:
            current.code += "\n" + stripped[4:]
        elif inside and current is not None and stripped:
            current.output.append(line[len(current.indent):].rstrip())
        else:
            current = None
            parts.append(line)
    return parts, definitions


def run(optic, examples):
    """Sets `got` of each example: the lines that it showed."""
    lines = []
    for i, example in enumerate(examples):
        lines.append('print("%s%d")' % (MARK, i))
        lines.append(example.code if STATEMENT.match(example.code) else "print(repr((%s\n)))" % example.code)
    ran = subprocess.run([optic, "-q", "-"], input="\n".join(lines).encode(), capture_output=True, timeout=120)
    for example in examples:
        example.got = []
    at = None
    for line in ran.stdout.decode("utf-8", "replace").split("\n"):
        if line.startswith(MARK):
            at = examples[int(line[len(MARK):])]
        elif at is not None and line.rstrip():
            at.got.append(line.rstrip())
    return ran.stderr.decode("utf-8", "replace") if ran.returncode or ran.stderr else ""


def main():
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    update = "--update" in sys.argv[1:]
    if not arguments:
        sys.exit(__doc__)
    optic, names = os.path.abspath(arguments[0]), arguments[1:]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for path in sorted((ROOT / "stdlib").glob("*.opt")):
            parts, definitions = parse(path)
            todo = {n: e for n, e in definitions.items() if not names or n in names}
            for name, errors in zip(todo, pool.map(lambda e: run(optic, e) if e else "there is no example", todo.values())):
                wrong = errors
                for example in todo[name]:
                    if example.got != example.output:
                        wrong += ">>> %s\n" % example.code + "\n".join(difflib.unified_diff(
                            example.output, example.got, "expected", "shown", lineterm="", n=2)) + "\n"
                    if update and not errors:
                        example.output = example.got
                if wrong:
                    failed += 1
                    if not update or errors:
                        print("FAILED %s (%s)\n    %s" % (name, path.name, wrong.strip().replace("\n", "\n    ")), flush=True)
                else:
                    passed += 1
            if update:
                text = []
                for part in parts:
                    if isinstance(part, Example):
                        text.append(part.indent + ">>> " + part.code.replace("\n", "\n" + part.indent + "... "))
                        text += [part.indent + line for line in part.output]
                    else:
                        text.append(part)
                path.write_text("\n".join(text), encoding="utf-8")
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
