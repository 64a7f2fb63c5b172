#!/usr/bin/env python3
"""Every C file looks as clang-format 14 (Debian 12's; others differ) makes it from .clang-format.

    format.py CLANG_FORMAT [--fix]
SPDX-License-Identifier: MIT"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def main(tool, *options):
    if "version 14." not in subprocess.run([tool, "--version"], capture_output=True, text=True).stdout:
        return 77
    files = [p for folder in ("src", "tests", "bench", "examples") for p in sorted((ROOT / folder).rglob("*.[ch]"))]
    if not files:
        return 0
    if "--fix" in options:
        return subprocess.run([tool, "-i"] + files).returncode
    ran = subprocess.run([tool, "--dry-run", "-Werror", "-ferror-limit=3"] + files, capture_output=True, text=True)
    if ran.returncode == 0:
        print("format: nothing to say")
        return 0
    places = {}
    for path, line in re.findall(r"^(.+?):(\d+):\d+: error:", ran.stderr, re.M):
        places.setdefault(os.path.relpath(path, ROOT), []).append(line)
    for path, lines in places.items():
        print("%s: lines %s" % (path, ", ".join(lines)))
    print("mend it with: tools/format")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
