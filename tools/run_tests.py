#!/usr/bin/env python3
"""Run `meson test` in a build folder, and count what its programs counted: cmocka's tests, scripts, single checks.

    run_tests.py LABEL BUILD [OPTIONS OF meson test]

Ends with `N passed, N failed` (with `LABEL: ` before it where LABEL is not empty); exit code 1 where any failed or
none ran.
SPDX-License-Identifier: MIT"""
import json
import pathlib
import re
import subprocess
import sys


def counts(test):
    """(passed, failed, skipped) of one program."""
    text = test.get("stdout", "") + "\n" + test.get("stderr", "")
    good, skipped_whole = test["result"] in ("OK", "EXPECTEDFAIL"), test["result"] == "SKIP"
    if skipped_whole:
        return 0, 0, 1
    passed = failed = skipped = 0
    # cmocka, one triple for each group.
    ran = sum(map(int, re.findall(r"\[=+\] (?:.*: )?(\d+) test\(s\) run\.", text)))
    if ran:
        passed = sum(map(int, re.findall(r"\[  PASSED  \] (\d+) test\(s\)", text)))
        skipped = sum(map(int, re.findall(r"\[  SKIPPED \] (\d+) test\(s\)", text)))
        failed = ran - passed - skipped
    else:
        own = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", text, re.M)
        if own:
            passed, failed, skipped = (int(n or 0) for n in own[-1])
        elif good:
            passed = 1
    if not good and not failed:
        failed = 1  # it crashed, or ran too long
    return passed, failed, skipped


def main(label, build, *options):
    log = pathlib.Path(build, "meson-logs", "testlog.json")
    log.unlink(missing_ok=True)
    code = subprocess.run(["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs", *options],
                          stdin=subprocess.DEVNULL).returncode
    total = [0, 0, 0]
    logs = [log] if log.exists() else sorted(log.parent.glob("testlog-*.json"), key=lambda p: p.stat().st_mtime)[-1:]
    for path in logs:
        for line in path.read_text(encoding="utf-8").splitlines():
            total = [a + b for a, b in zip(total, counts(json.loads(line)))]
    passed, failed, skipped = total
    if code != 0 and failed == 0:
        failed = 1
    sys.stdout.flush()
    more = ", %d skipped" % skipped if skipped else ""
    print("%s%d passed, %d failed%s" % (label and label + ": ", passed, failed, more))
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
