#!/usr/bin/env python3
"""What the library is as a guest in a host process: no writable data, no calls that end or print, few exports.

    symbols.py liboptic.a liboptic.so
SPDX-License-Identifier: MIT"""
import re
import shutil
import subprocess
import sys

FORBIDDEN = re.compile(r"^(v?printf|puts|putchar|perror|exit|_exit|quick_exit|abort|signal|sigaction|setlocale|"
                       r"atexit|system|readline|add_history)$")


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main(archive, shared):
    if not shutil.which("objdump") or not shutil.which("nm"):
        return 77
    names = output("nm", archive)
    if "__asan_" in names or "__ubsan_" in names or "__sanitizer_" in names:
        return 77  # sanitizers bring their own
    wrong = []
    for line in output("objdump", "-t", archive).splitlines():
        found = re.match(r"^[0-9a-f]+ .{7} (\S+)\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)$", line)
        if not found:
            continue
        section, size, name = found.group(1), int(found.group(2), 16), found.group(3)
        writable = section.startswith((".data", ".bss", "*COM*", ".tdata", ".tbss"))
        if writable and not section.startswith(".data.rel.ro") and size > 0 and not name.startswith("."):
            wrong.append("%s: writable data (%s)" % (name, section))
    for line in output("nm", "-D", "--undefined-only", shared).splitlines():
        name = line.split()[-1].split("@")[0]
        if FORBIDDEN.match(name):
            wrong.append("%s: the library must not call it" % name)
    for line in output("nm", "-D", "--defined-only", shared).splitlines():
        name = line.split()[-1].split("@")[0]
        if not name.startswith("optic_"):
            wrong.append("%s: exported without optic_" % name)
    print("\n".join(wrong) or "symbols: nothing to say")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
