"""Ends a cluster and deletes its folder as soon as its standard input is closed: also when the test is killed.

    guardian.py FOLDER

What belongs to the cluster names the folder in its command line; sessions of a server end with the server.
"""
import os
import pathlib
import shutil
import signal
import sys
import time


def processes_of(folder):
    """All but this one."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # It has just ended.
        if any(word.startswith(os.fsencode(folder)) for word in words):
            found.append(int(entry.name))
    return found


def kill(folder):
    """Patroni would start a server again, so whatever is left is killed until nothing is."""
    while found := processes_of(folder):
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)


def main(folder):
    sys.stdin.read()
    kill(folder)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
