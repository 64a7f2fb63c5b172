#!/usr/bin/env python3
"""The command `optic` as a shell sees it: exit codes, streams, signals, pipes, terminals.

    cli_test.py OPTIC
SPDX-License-Identifier: MIT"""
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

OPTIC = ""
FOREVER = "x = 0\nprint(\"ready\")\nwhile true { x += 1 }\n"


def optic(*args, stdin=None, env=None, **more):
    """Runs the command to its end: (exit code, standard output, standard error)."""
    ran = subprocess.run([OPTIC, *args], input=(stdin or "").encode(), capture_output=True, timeout=60,
                         env={**os.environ, **(env or {})}, **more)
    return ran.returncode, ran.stdout.decode(), ran.stderr.decode()


def same(got, want):
    assert got == want, "got %r, not %r" % (got, want)


def start(*args, **more):
    return subprocess.Popen([OPTIC, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            **more)


def on_terminal(*args, env=None, wait=None, interrupt=False):
    """Runs the command with a terminal as all three streams: (exit code, what the terminal got)."""
    settings = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    settings.update({"TERM": "xterm", "LANG": "C.UTF-8"})
    settings.update(env or {})
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(OPTIC, [OPTIC, *args], settings)
    got, end = b"", time.time() + 60
    while time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                more = os.read(fd, 65536)
            except OSError:
                break
            if not more:
                break
            got += more
        if interrupt and wait in got:
            os.write(fd, b"\x03")
            interrupt = False
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), got.decode()


# ---- what each way of calling does ------------------------------------------------------------------------------
def test_version():
    assert re.fullmatch(r"optic \d+\.\d+\.\d+\n", optic("--version")[1])
    assert optic("--version")[0] == 0


def test_help():
    code, out, err = optic("--help")
    assert code == 0 and "usage: optic" in out and err == "", (code, out, err)


def test_text():
    same(optic("-e", "print(1 + 1)"), (0, "2\n", ""))


def test_text_with_arguments():
    same(optic("-e", "for a in args { print(a) }", "b", "--c", "d e"), (0, "b\n--c\nd e\n", ""))


def test_standard_input():
    same(optic("-", stdin="print(\"in\")\n"), (0, "in\n", ""))
    same(optic(stdin="print(\"in\")\n"), (0, "in\n", ""))
    assert optic("-", "x", stdin="print(args)\n")[0] == 0


def test_file_and_shebang():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "hello.opt")
        path.write_text("#!%s\nprint(\"hello\", args)\n" % OPTIC)
        path.chmod(0o755)
        for command in ([OPTIC, str(path)], [OPTIC, "run", str(path)], [OPTIC, "--", str(path)], [str(path)]):
            ran = subprocess.run(command, capture_output=True, timeout=60)
            assert ran.returncode == 0 and ran.stdout.startswith(b"hello"), (command, ran)


def test_wrong_script():
    code, out, err = optic("-e", "print(1)\nprint(no_such_name)")
    assert code == 1 and err.startswith("error: ") and "no_such_name" in err, (code, out, err)


def test_missing_file():
    code, out, err = optic("/no/such/file.opt")
    assert code == 1 and out == "" and "/no/such/file.opt" in err, (code, out, err)


def test_folder_as_file():
    code, out, err = optic("/")
    assert code == 1 and out == "" and err.startswith("error: "), (code, out, err)


def test_check_runs_nothing():
    same(optic("check", "-e", "print(1)"), (0, "", ""))
    code, out, err = optic("check", "-e", "print(nope)\nprint(neither)")
    assert code == 1 and "nope" in err and "neither" in err, (code, out, err)


def test_dis_runs_nothing():
    code, out, err = optic("dis", "-e", "print(12345)")
    assert code == 0 and err == "" and "12345" in out and out.count("\n") > 1, (code, out, err)


def test_wrong_usage():
    for args in (["--no-such-option"], ["-e"], ["check"], ["dis"], ["run"], ["--"]):
        code, out, err = optic(*args)
        assert code == 2 and out == "" and "usage: optic" in err, args


def test_empty_script():
    same(optic("-e", ""), (0, "", ""))
    same(optic(stdin=""), (0, "", ""))


def test_not_utf8():
    ran = subprocess.run([OPTIC, "-"], input=b"x = \"\xff\"\n", capture_output=True, timeout=60)
    assert ran.returncode == 1 and ran.stderr.startswith(b"error: ")


# ---- streams ----------------------------------------------------------------------------------------------------
def test_order_of_streams_in_one_file():
    ran = subprocess.run([OPTIC, "-e", "print(1)\nerror_now = none\nerror_now.field"], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, timeout=60)
    text = ran.stdout.decode()
    assert ran.returncode == 1 and text.index("1\n") < text.rindex("error: "), text


def test_no_colour_but_on_a_terminal():
    assert "\x1b" not in optic("-e", "nope")[2]
    assert "\x1b[" in on_terminal("-e", "nope")[1]
    assert "\x1b" not in on_terminal("-e", "nope", env={"NO_COLOR": "1"})[1]
    assert "\x1b" not in on_terminal("-e", "nope", env={"TERM": "dumb"})[1]


def test_no_arguments_on_a_terminal():
    code, text = on_terminal()
    assert code == 0 and "usage: optic" in text


def test_reader_goes_away():
    ran = subprocess.run(["sh", "-c", '"$0" -e "while true { print(1) }" | head -1', OPTIC], capture_output=True,
                         timeout=60)
    assert (ran.stdout, ran.stderr) == (b"1\n", b""), ran


def test_reader_goes_away_status():
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run([OPTIC, "-e", "while true { print(1) }"], stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert ran.returncode == -signal.SIGPIPE and ran.stderr == b"", ran


def test_disk_full():
    if not os.path.exists("/dev/full"):
        return
    with open("/dev/full", "wb") as full:
        ran = subprocess.run([OPTIC, "-e", "print(1)"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert ran.returncode == 1 and b"cannot write" in ran.stderr, ran


def test_long_output_is_whole():
    code, out, err = optic("-e", "for i in range(20000) { print(i) }")
    assert code == 0 and out == "".join("%d\n" % i for i in range(20000))

# ---- interruption -----------------------------------------------------------------------------------------------
def test_interrupt():
    process = start("-e", FOREVER)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and b"E0605" in err, (process.returncode, err)


def test_interrupt_cannot_be_caught_by_the_script():
    process = start("-e", "print(\"ready\")\nwhile true { try { while true { } } catch e { } }")
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_interrupt_from_the_keyboard():
    code, text = on_terminal("-e", FOREVER, wait=b"ready", interrupt=True)
    assert code == 130, text


def test_ignored_interrupt_stays_ignored():
    process = start("-e", "print(\"ready\")\nx = 0\nwhile x < 300000 { x += 1 }\nprint(\"done\")",
                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b"done\n"), err


# ---- progress ---------------------------------------------------------------------------------------------------
PROGRESS = "for i in progress(range(200000)) { x = i }\nprint(\"end\")"


def test_progress_in_a_log():
    code, out, err = optic("-e", PROGRESS)
    assert (code, out) == (0, "end\n"), (code, out, err)
    assert "\r" not in err and "\x1b" not in err and 1 <= err.count("\n") <= 11 and "200000/200000" in err, err


def test_progress_on_a_terminal():
    code, text = on_terminal("-e", PROGRESS)
    assert code == 0 and "\r" in text and "100%" in text and text.rstrip().endswith("end"), text


def test_quiet():
    same(optic("-q", "-e", PROGRESS), (0, "end\n", ""))


def main():
    passed = failed = 0
    for name, function in list(globals().items()):
        if name.startswith("test_"):
            try:
                function()
                passed += 1
            except Exception as wrong:  # each is shown, and the next goes on
                failed += 1
                print("FAILED %s: %s: %s" % (name, type(wrong).__name__, str(wrong)[:2000]))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    OPTIC = os.path.abspath(sys.argv[1])
    sys.exit(main())
