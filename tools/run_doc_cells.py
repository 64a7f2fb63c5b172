#!/usr/bin/env python3
"""Run the code in Markdown documents with the command `optic`, and compare what it prints with what the document says.

    run_doc_cells.py OPTIC [--update] FILE.md ...

Of each document, fenced blocks with these words are run; a block ```text right after one holds what it prints:
    opt        a cell. All cells of a document are one script, as with `optic FILE.md`; a cell that prints must be
               followed by its output, and nothing may go to standard error
    opt-alone  a script of its own, run as `example.opt`; the text holds its standard output, then its standard error
    console    lines `$ optic ARGUMENTS`, run one by one in the repository, each followed by what it prints
--update writes the outputs that came into the documents: look at the difference before you commit it.
Ends with `N passed, N failed`; exit code 1 where any failed.
SPDX-License-Identifier: MIT"""
import difflib
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FENCE = re.compile(r"( {0,3})(`{3,})\s*([\w-]*)\s*$")
MARK = "@@cell "
SECONDS = 120


class Block:
    """Lines [first, last) between two fences; `output` is the Block of the text that follows, or None."""

    def __init__(self, kind, first, last):
        self.kind, self.first, self.last, self.output = kind, first, last, None


def blocks_of(lines):
    blocks, i = [], 0
    while i < len(lines):
        found = FENCE.match(lines[i])
        i += 1
        if not found:
            continue
        first, fence = i, found.group(2)
        while i < len(lines) and not (lines[i].strip().startswith(fence) and not lines[i].strip().strip("`")):
            i += 1
        blocks.append(Block(found.group(3), first, i))
        i += 1
    for block, after in zip(blocks, blocks[1:]):
        between = lines[block.last + 1:after.first - 1]
        if block.kind in ("opt", "opt-alone") and after.kind == "text" and not any(line.strip() for line in between):
            block.output = after
    return blocks


def run(command, text=None, folder=ROOT):
    environment = dict(os.environ, NO_COLOR="1")
    environment.pop("OPTIC_DATA", None)
    return subprocess.run(command, input=text.encode() if text is not None else None, cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL if text is None else None, timeout=SECONDS,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def split_lines(data):
    lines = [line.rstrip() for line in data.decode("utf-8", "replace").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def run_cells(optic, name, lines, cells):
    """[(cell, what it printed)], and what is wrong with the run as a whole. Lines stay where they are, so that errors
    name lines of the document."""
    script = [""] * len(lines)
    for i, cell in enumerate(cells):
        script[cell.first - 1] = 'print("%s%d")' % (MARK, i)
        script[cell.first:cell.last] = lines[cell.first:cell.last]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, pathlib.Path(name).name + ".opt")
        path.write_text("\n".join(script) + "\n", encoding="utf-8")
        ran = run([optic, "-q", path.name], folder=folder)
    got, at = [[] for _ in cells], None
    for line in ran.stdout.decode("utf-8", "replace").split("\n"):
        if line.startswith(MARK):
            at = int(line[len(MARK):])
        elif at is not None:
            got[at].append(line.rstrip())
    for lines_got in got:
        while lines_got and not lines_got[-1]:
            lines_got.pop()
    wrong = ran.stderr.decode("utf-8", "replace")
    return list(zip(cells, got)), wrong or ("exit code %d" % ran.returncode if ran.returncode else "")


def run_alone(optic, lines, block):
    with tempfile.TemporaryDirectory() as folder:
        script = "\n".join(lines[block.first:block.last]) + "\n"
        pathlib.Path(folder, "example.opt").write_text(script, encoding="utf-8")
        ran = run([optic, "-q", "example.opt"], folder=folder)
    return split_lines(ran.stdout) + split_lines(ran.stderr)


def run_console(optic, lines, block):
    """The block's lines as they should be."""
    out = []
    for line in lines[block.first:block.last]:
        if line.startswith("$ optic"):
            ran = run([optic] + shlex.split(line[2:], comments=True)[1:])
            out += [line] + split_lines(ran.stdout) + split_lines(ran.stderr)
    return out


def check(optic, path, update):
    """The number of blocks that are right, and of those that are not."""
    text = path.read_text(encoding="utf-8")
    lines = text.split("\n")
    blocks = blocks_of(lines)
    shown = path.resolve().relative_to(ROOT).as_posix()
    edits, passed, failed = [], 0, 0  # of the document: (first line, last line, new lines)

    def compare(block, first, last, got, fenced):
        """Lines [first, last) of the document should be `got`; `fenced`: they need a block of their own first."""
        nonlocal passed, failed
        want = [line.rstrip() for line in lines[first:last]]
        if want == got:
            passed += 1
            return
        if update:
            edits.append((first, last, ["", "```text"] + got + ["```"] if fenced else got))
            passed += 1
            return
        failed += 1
        diff = difflib.unified_diff(want, got, "in the document", "printed", lineterm="", n=2)
        print("FAILED %s:%d\n%s" % (shown, block.first + 1, "\n".join("    " + d for d in diff)), flush=True)

    results, wrong = run_cells(optic, shown, lines, [b for b in blocks if b.kind == "opt"])
    if wrong:
        failed += 1
        print("FAILED %s: the cells as one script" % shown)
        print("    " + wrong.rstrip().replace("\n", "\n    "), flush=True)
    results += [(b, run_alone(optic, lines, b)) for b in blocks if b.kind == "opt-alone"]
    for block, got in results:
        if block.output:
            compare(block, block.output.first, block.output.last, got, False)
        else:
            compare(block, block.last + 1, block.last + 1, got, True)
    for block in blocks:
        if block.kind == "console":
            compare(block, block.first, block.last, run_console(optic, lines, block), False)
    for first, last, new in sorted(edits, reverse=True):
        lines[first:last] = new
    if edits and not wrong:
        path.write_text("\n".join(lines), encoding="utf-8")
    return passed, failed


def main():
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    if len(arguments) < 2:
        sys.exit(__doc__)
    optic, passed, failed = os.path.abspath(arguments[0]), 0, 0
    for name in arguments[1:]:
        good, bad = check(optic, pathlib.Path(name), "--update" in sys.argv[1:])
        passed, failed = passed + good, failed + bad
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
