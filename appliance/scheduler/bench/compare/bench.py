"""What all parts use: workers, one run of the load, medians and tables."""

import json
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from processes import Failed, Process, busy_seconds, free_ports
from programs import Program, Programs

# More than this share of its core taken by others disturbs a program.
DISTURBED = 0.1
# The exit code of `load` for a run in which it was itself late.
LATE = 3


@dataclass
class Settings:
    """How everything is measured."""

    binaries: Path
    folder: Path
    proxy_core: int
    load_core: int
    runs: int
    quick: bool
    only: list[str]
    ours: str | None
    ours_ready: str
    ours_headers: list[str]
    smg: str
    smg_arguments: str
    litellm: str
    nginx: str
    workers: int
    rates: list[float]
    seconds: float
    start_seconds: float
    trace: Path | None
    trace_requests: int | None
    programs: Programs = field(init=False)
    late_runs: int = 0
    disturbed_runs: int = 0

    def __post_init__(self) -> None:
        self.programs = Programs(self)


@contextmanager
def fake_workers(settings: Settings, count: int, *options: str):
    """Runs fake workers, all in one process; yields their ports."""
    port = free_ports(count)
    command = [str(settings.binaries / "fake-worker"), "--workers", str(count), "--port", str(port), *options]
    with Process(command, settings.load_core, settings.folder / "fake-worker.log") as process:
        process.wait_for(f"http://127.0.0.1:{port + count - 1}/health", 10)
        yield list(range(port, port + count))


def load(settings: Settings, program: Program, *options: str) -> dict:
    """One run of the load against `program`: its report, with the processor time of the program added.

    For workers that remember nothing. A run in which the load itself was late is told of and repeated twice at most; if it still
    is, it counts, marked.
    """
    return _in_time(settings, lambda: load_once(settings, program, *options))


def measure(settings: Settings, name: str, worker_options: list[str], *options: str) -> tuple[dict, dict]:
    """One run against the program `name` before fresh workers, so that none finds the caches and the queues of another.

    The report of the load, and what the workers tell. Repeated with fresh ones where the load itself was late, as above.
    """
    def once() -> dict:
        with fake_workers(settings, settings.workers, *worker_options) as ports:
            with settings.programs.start(name, ports) as program:
                report = load_once(settings, program, *options)
                report["workers"] = stats(ports[0])
        return report

    report = _in_time(settings, once)
    return report, report.pop("workers")


def _in_time(settings: Settings, once: Callable[[], dict]) -> dict:
    for attempt in range(3):
        report = once()
        if not report["late"]:
            break
        note(f"the load was late by {report['lateness']['ms']['p99']:.1f} ms (p99), attempt {attempt + 1}")
    settings.late_runs += report["late"]
    return report


def load_once(settings: Settings, program: Program, *options: str, meanwhile: Callable[[], None] | None = None) -> dict:
    """One run, late or not; `meanwhile` is called as it begins."""
    headers = [part for header in program.headers for part in ("--header", header)]
    targets = [part for target in program.targets for part in ("--target", target)]
    command = [
        "taskset", "--cpu-list", str(settings.load_core), str(settings.binaries / "load"), "--json",
        *targets, *headers, *options,
    ]
    program.settle()
    if meanwhile:
        meanwhile()
    before, busy, start = program.cpu_seconds(), busy_seconds(settings.proxy_core), time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    cpu = program.cpu_seconds() - before
    others = (busy_seconds(settings.proxy_core) - busy - cpu) / (time.monotonic() - start)
    settings.disturbed_runs += others > DISTURBED
    if done.returncode not in (0, LATE):
        raise Failed(f"the load against {program.name} ended with {done.returncode}: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    report["late"] = done.returncode == LATE
    report["cpu_us_per_request"] = cpu * 1e6 / report["sent"] if report["sent"] else 0.0
    return report


def complete(report: dict) -> int:
    """Requests that came to their end."""
    return sum(one["outcomes"].get("complete", 0) for one in report["classes"].values())


def requests(report: dict) -> int:
    """Requests that were counted."""
    return sum(one["requests"] for one in report["classes"].values())


def stats(port: int) -> dict:
    """What all workers of the process at `port` tell."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats/all", timeout=10) as answer:
        return json.load(answer)


def set_fault(through: int, port: int, **fault: object) -> None:
    """Makes the worker at `port` ill or well, by way of another of its process."""
    body = json.dumps({"port": port, **fault}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{through}/fault", data=body, timeout=10):
        pass


def note(text: str) -> None:
    """Says on the error output how things go."""
    print(f"  {text}", file=sys.stderr, flush=True)


def spread(values: list[float], digits: int = 2) -> str:
    """The median, and the smallest and largest in brackets."""
    values = [value for value in values if value is not None]
    if not values:
        return "–"
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} [{min(values):.{digits}f}–{max(values):.{digits}f}]"


def ratio(ours: list[float], others: list[float]) -> float | None:
    """The median of ours over the median of others."""
    if not ours or not others or statistics.median(others) == 0:
        return None
    return statistics.median(ours) / statistics.median(others)


def title(text: str) -> None:
    """A heading."""
    print(f"\n## {text}\n")


def table(heads: list[str], rows: list[list[str]]) -> None:
    """A Markdown table."""
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)
