#!/usr/bin/env python3
"""Facts about the text of the sources: a licence line in each, no tabs, no lines past 120 columns, no space at the end.

SPDX-License-Identifier: MIT"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDERS = {"src": (".c", ".h", ".def"), "grammar": (".y", ".l"), "tests": (".c", ".h"), "tools": (".py", ""),
           "stdlib": (".opt",), "bench": (".c", ".py", ".opt")}


def main():
    wrong = []
    for folder, kinds in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*")):
            if not path.is_file() or path.suffix not in kinds or "__pycache__" in path.parts:
                continue
            shown = path.relative_to(ROOT).as_posix()
            text = path.read_text(encoding="utf-8")
            if "SPDX-License-Identifier: MIT" not in text:
                wrong.append("%s: no SPDX line" % shown)
            for number, line in enumerate(text.split("\n"), 1):
                if len(line) > 120 and path.suffix != ".def":  # tables
                    wrong.append("%s:%d: %d columns" % (shown, number, len(line)))
                if "\t" in line:
                    wrong.append("%s:%d: a tab" % (shown, number))
                if line != line.rstrip():
                    wrong.append("%s:%d: space at the end" % (shown, number))
            if text and not text.endswith("\n"):
                wrong.append("%s: the last line is not ended" % shown)
    print("\n".join(wrong) or "text: nothing to say")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
