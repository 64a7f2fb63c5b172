#!/usr/bin/env python3
"""Each row of src/base/diag.def is shown by a golden file under tests/script (a .err), and each code is used once.

Those that only a host can cause are shown by a test in C instead, which names the code.
SPDX-License-Identifier: MIT"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NEVER = {"none", "internal"}  # a script that shows the second would be a bug report
BY_HOST = {"out_of_memory", "out_of_steps", "interrupted"}


def main():
    rows = re.findall(r'^DIAG\((\w+), "(\w+)"', (ROOT / "src/base/diag.def").read_text(encoding="utf-8"), re.M)
    golden = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests/script").rglob("*.err"))
    in_c = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("*.c"))
    wrong = []
    codes = [code for _, code in rows]
    for name, code in rows:
        if codes.count(code) > 1:
            wrong.append("diag.def: %s is used %d times" % (code, codes.count(code)))
        if name in NEVER or "[%s]" % code in golden:
            continue
        if name in BY_HOST:
            if code not in in_c and "D_" + name not in in_c:
                wrong.append("%s %s: no test in C names it" % (code, name))
        else:
            wrong.append("%s %s: no golden under tests/script/errors shows it" % (code, name))
    print("\n".join(wrong) or "diagnostics: nothing to say")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
