#!/usr/bin/env python3
"""Write docs/library.md from the documentation in stdlib/*.opt and of the functions written in C, and the table of
error codes in docs/language.md from src/base/diag.def.

    gendoc.py OPTIC            writes them
    gendoc.py OPTIC --check    fails where they are not what would be written

Names come from the sources, signatures and texts from the command: it prints what doc(f) says.
SPDX-License-Identifier: MIT"""
import difflib
import inspect
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "library.md"
DEFINITION = re.compile(r"^(?:fn|transform) (\w+)\(", re.M)
ROW = re.compile(r'\{\s*"(\w+)\(')
PRIM = re.compile(r"^PRIM[123]\((\w+),", re.M)

# The tables of functions in C: the order of the page, and what each is about.
TABLES = [
    ("b_math", "Elementwise functions"),
    ("b_array", "Making arrays"),
    ("b_shape", "Shapes and orders"),
    ("b_reduce", "Reductions, sorting, linear algebra"),
    ("b_tree", "Trees"),
    ("b_select", "Parts of trees"),
    ("b_grad", "Gradients"),
    ("b_random", "Random numbers"),
    ("b_list", "Lists and sequences"),
    ("b_record", "Records"),
    ("b_iter", "Ranges and iterators"),
    ("b_text", "Strings, conversions, printing"),
    ("b_batch", "Batches and progress"),
    ("b_data", "Data, files, the environment"),
    ("b_store", "Saving and loading"),
    ("transform", "Transforms from functions"),
    ("b_flax", "Keys of parameters"),
]
FILES = ["combine", "transforms", "moments", "factored", "muon", "clipping", "wrappers", "routing", "optimizers",
         "contrib", "rate_free", "schedules", "trees", "layers", "activations", "losses", "projections", "flax_optim"]
METHODS_OF = [("array", "zeros(1)"), ("list", "[]"), ("record", "({})"), ("string", '""'),
              ("transform", "identity()"), ("iterator", "range(1)")]
MARK = "@@name "


def ask(optic, names, methods):
    """{name: (what it shows, doc or "")}; of methods with the name "type.method"."""
    lines = ['fn show(name, f) { print("%s" + name); print(f); if doc(f) != none { print(doc(f)) } }' % MARK]
    lines += ['show("%s", %s)' % (n, n) for n in names]
    for kind, value in METHODS_OF:
        lines += ['try { show("%s.%s", (%s).%s) } catch { }' % (kind, n, value, n) for n in methods]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "names.opt")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        ran = subprocess.run([optic, str(path)], capture_output=True, timeout=300)
    if ran.returncode or ran.stderr:
        sys.exit("gendoc: " + ran.stderr.decode("utf-8", "replace"))
    found = {}
    for part in ran.stdout.decode("utf-8").split(MARK)[1:]:
        name, shown, text = part.split("\n", 2)
        found[name] = (shown, text.rstrip())
    return found


def render(text):
    """A doc string as Markdown: what is indented, and examples, in blocks of their own."""
    lines, out, block = inspect.cleandoc(text).split("\n"), [], None
    for line in lines + [""]:
        if line.startswith(">>>"):
            wanted = "example"
        elif block == "example" and line.strip():
            wanted = "example"
        else:
            wanted = "formula" if line.startswith("  ") else None
        if block == "formula" and not line.strip():
            wanted = "formula?"
        if wanted == "formula?":
            out.append(line)
            continue
        if block and wanted != block:
            blanks = 0
            while out and not out[-1].strip():
                out.pop()
                blanks += 1
            out.append("```")
            out += [""] * max(blanks, 1 if line.strip() else 0)
            block = None
        if wanted and not block:
            if out and out[-1].strip():
                out.append("")
            out.append("```text")
            block = wanted
        out.append(line)
    return "\n".join(out).strip()


def about(path):
    """The opening comment of a file of the standard library, without the file's name and the licence."""
    lines = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        if not line.startswith("#") or "SPDX" in line:
            break
        lines.append(line[1:].strip())
    text = re.sub(r"^\w+\.opt: ", "", " ".join(lines))
    return text[:1].upper() + text[1:]


def anchor(text):
    return re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-")


def entry(title, shown, text):
    # `shown` is "fn adam(learning_rate, ..)" or "builtin sum(x, ..)".
    signature = shown.split(" ", 1)[1] if "(" in shown else shown
    return "### %s\n\n```text\n%s\n```\n\n%s\n" % (title, wrap(signature), render(text) if text else "")


def wrap(signature):
    """At most 116 columns: broken after commas."""
    lines, line = [], ""
    for part in re.split(r"(?<=,) ", signature):
        if line and len(line) + 1 + len(part) > 116:
            lines.append(line)
            line = "    " + part
        else:
            line = line + " " + part if line else part
    return "\n".join(lines + [line])


def page(optic):
    sections = []  # (title, introduction, [name])
    for name in FILES + sorted(p.stem for p in (ROOT / "stdlib").glob("*.opt") if p.stem not in FILES):
        path = ROOT / "stdlib" / (name + ".opt")
        if path.exists():
            outside = re.sub(r'"""[\s\S]*?"""', '""', path.read_text(encoding="utf-8"))
            names = sorted(set(DEFINITION.findall(outside)), key=lambda n: outside.index(n + "("))
            sections.append(("stdlib/%s.opt" % name, about(path), names))
    known = {stem for stem, _ in TABLES}
    for path in sorted((ROOT / "src/vm").glob("b_*.c")):
        if path.stem not in known:
            sys.exit("gendoc: src/vm/%s is not in TABLES" % path.name)
    tables, methods = [], set()
    for stem, title in TABLES:
        text = (ROOT / "src/vm" / (stem + ".c")).read_text(encoding="utf-8")
        names = ROW.findall(text)
        if stem == "b_math":
            names += PRIM.findall((ROOT / "src/tile/prim.def").read_text(encoding="utf-8"))
        methods.update(names)
        tables.append((title, "", sorted(set(names))))
    hidden = method_only()
    functions = sorted({n for _, _, names in sections + tables for n in names} - hidden)
    found = ask(optic, functions, sorted(methods))
    seen, out = {n for _, _, names in sections for n in names}, []
    for title, introduction, names in tables:
        names = [n for n in names if n in found and n not in seen]
        seen.update(names)
        if names:
            sections.append((title, introduction, names))
    out.append("# The library\n")
    out.append("Generated by `tools/gendoc.py` from the documentation in `stdlib/*.opt` and in the tables of `src/vm`: "
               "do not edit.\n`print(doc(f))` shows the same in a script. A block `text` that begins with `>>>` is an "
               "example with what it\nprints; the tests run them. [language.md](language.md) describes the language.\n")
    out.append("The numbers `pi`, `inf` and `nan`, and the script's arguments `args`, are names of the library too.\n")
    out.append("## Contents\n")
    for title, _, names in sections:
        out.append("- [%s](#%s): %s" % (title, anchor(title), ", ".join(names)))
    out.append("- [Methods](#methods)\n")
    for title, introduction, names in sections:
        out.append("## %s\n" % title)
        if introduction:
            out.append(introduction + "\n")
        for name in names:
            out.append(entry(name, *found[name]))
    out.append("## Methods\n")
    out.append("`x.f(..)` calls the function `f` with `x` as its first argument, where the type of `x` has it.\n")
    for kind, _ in METHODS_OF:
        rows = [(n.split(".", 1)[1], *v) for n, v in found.items()
                if n.startswith(kind + ".") and v[0].startswith("builtin ")]  # fields fall out
        if rows:
            out.append("### Of %s\n" % kind)
            for name, shown, text in rows:
                first = (text or "").split("\n")[0]
                out.append("- `%s`: %s" % (shown.split(" ", 1)[1], first))
            out.append("")
    return wrap_lines("\n".join(out).rstrip() + "\n")


def wrap_lines(text):
    """Breaks long lines of prose at 120 columns."""
    out, fenced = [], False
    for line in text.split("\n"):
        fenced ^= line.startswith("```")
        indent = "  " if line.startswith("- ") else ""
        while not fenced and len(line) > 120:
            at = line.rfind(" ", 0, 120)
            if at <= len(indent):
                break
            out.append(line[:at].rstrip())
            line = indent + line[at + 1:]
        out.append(line.rstrip())
    return "\n".join(out)


def method_only():
    """Names that are methods and no functions."""
    methods, functions = set(), set()
    for path in (ROOT / "src/vm").glob("*.c"):
        text = path.read_text(encoding="utf-8")
        starts = list(ROW.finditer(text))
        for row, after in zip(starts, starts[1:] + [None]):
            whole = text[row.start():after.start() if after else len(text)]
            (methods if "BUILTIN_METHOD_ONLY" in whole else functions).add(row.group(1))
    return methods - functions


def with_codes(text):
    """docs/language.md with the table of diag.def between its two marks."""
    rows = re.findall(r'^DIAG\((\w+), "(\w+)", "((?:[^"\\]|\\.)*)", "((?:[^"\\]|\\.)*)"\)',
                      (ROOT / "src/base/diag.def").read_text(encoding="utf-8"), re.M)
    lines = ["| code | meaning | what to do |", "|---|---|---|"]
    lines += ["| %s | %s | %s |" % (code, meaning, remedy) for name, code, meaning, remedy in rows if name != "none"]
    table = "\n".join(lines).replace('\\"', '"').replace("\\\\", "\\")
    return re.sub(r"(<!-- codes: .*-->\n)[\s\S]*?(<!-- end of codes -->)", lambda m: m[1] + table + "\n" + m[2], text)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    language = ROOT / "docs" / "language.md"
    old_language = language.read_text(encoding="utf-8")
    wanted = [(OUT, OUT.read_text(encoding="utf-8") if OUT.exists() else "", page(os.path.abspath(sys.argv[1]))),
              (language, old_language, with_codes(old_language))]
    wrong = False
    for path, old, new in wanted:
        if "--check" not in sys.argv:
            path.write_text(new, encoding="utf-8")
        elif old != new:
            wrong = True
            shown = path.relative_to(ROOT).as_posix()
            diff = difflib.unified_diff(old.split("\n"), new.split("\n"), shown, "the sources", lineterm="", n=1)
            print("\n".join(list(diff)[:60]))
    if wrong:
        print("mend it with: tools/gendoc.py build/optic")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
