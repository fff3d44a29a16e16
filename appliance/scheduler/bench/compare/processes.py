"""Processes of a measurement: started on a core of their own, stopped by their number, their processor time read from /proc."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A program could not be started or measured."""


class Process:
    """One program with all that it starts, in a session of its own."""

    def __init__(self, command: list[str], core: int | None, log: Path, environment: dict[str, str] | None = None):
        self.command = command
        self.log = log
        pinned = command if core is None else ["taskset", "--cpu-list", str(core), *command]
        with log.open("ab") as output:
            self.child = subprocess.Popen(
                pinned, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                env={**os.environ, **(environment or {})},
            )

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def kill(self) -> None:
        """kill -9, without a word to the program."""
        self.signal(signal.SIGKILL)
        self.child.wait()

    def stop(self) -> None:
        """Asks it to end, and does not take no for an answer."""
        if self.child.poll() is None:
            self.signal(signal.SIGTERM)
            # One that was stopped hears nothing else.
            self.signal(signal.SIGCONT)
            try:
                self.child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                pass
        # Its children too: the session is ours, so nobody else is in it.
        self.signal(signal.SIGKILL)
        self.child.wait()

    def signal(self, number: int) -> None:
        """Sends a signal to it and all that it has started."""
        try:
            os.killpg(self.child.pid, number)
        except ProcessLookupError:
            pass

    def wait_for(self, url: str, seconds: float, text: str = "") -> None:
        """Waits until `url` answers with success, and with `text` in it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.child.poll() is not None:
                break
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:
                    if answer.status == 200 and text in answer.read().decode(errors="replace"):
                        return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.1)
        tail = self.log.read_text(errors="replace")[-1500:]
        raise Failed(f"`{' '.join(self.command[:4])} …` did not come up at {url}:\n{tail}")

    def cpu_seconds(self) -> float:
        """Processor time, user and system, of the process and all that descends from it, the ended ones included."""
        return sum(_cpu_ticks(pid) for pid in _tree(self.child.pid)) / TICKS


def _tree(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, left = [], [root]
    while left:
        pid = left.pop()
        found.append(pid)
        left.extend(parents.get(pid, []))
    return found


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name, beginning with the state (proc(5), field 3)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _cpu_ticks(pid: int) -> int:
    fields = _stat(pid)
    # utime, stime, and those of the children it has waited for: fields 14 to 17 of proc(5).
    return sum(int(field) for field in fields[11:15]) if fields else 0


def busy_seconds(core: int) -> float:
    """The time that a core has spent on anything at all since the system's start (proc_stat(5))."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            # user, nice, system, then idle and iowait, then irq, softirq, and steal: a core that was not given to us is busy too.
            return sum(int(tick) for tick in ticks[:3] + ticks[5:8]) / TICKS
    raise Failed(f"there is no core {core} in /proc/stat")


def free_ports(count: int, above: int = 21000) -> int:
    """The first of `count` consecutive ports of the loopback address that are all free."""
    for first in range(above, above + 10000, count + 3):
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    raise Failed(f"no {count} consecutive free ports")
