"""What is lost when a worker fails, and how long it is sent work all the same."""

import threading
import time
from statistics import median

import mixture
from bench import Settings, fake_workers, load_once, note, set_fault, spread, stats, table, title
from processes import Process, free_ports

PROGRAMS = ["ours", "smg-probing", "nginx"]
# How each fault is made, and after how many milliseconds nothing more may be sent there; none where it may.
FAULTS = {
    "kill -9": (None, None),
    "reset": ({"kind": "reset"}, 100),
    "hang": ({"kind": "hang"}, 700),
    "packet loss": ({"kind": "stall", "loss": 0.3, "timeout_ms": 200}, None),
    "ten times slower": ({"kind": "slow", "factor": 10.0}, None),
}
# Light enough that one worker less is no overload.
LOAD = 0.5


def run(settings: Settings) -> None:
    """Measures and prints."""
    seconds = 9 if settings.quick else settings.seconds or 30
    names = settings.programs.names(PROGRAMS)
    rows = []
    for fault, (body, limit) in FAULTS.items():
        for name in names:
            runs = []
            for turn in range(settings.runs):
                note(f"faults: {fault}, run {turn + 1} of {settings.runs}, {name}")
                runs.append(_one(settings, name, body, seconds, turn + 1))
            rows.append([fault, name, *_row(runs, limit)])
    title(f"Faults of one of {settings.workers} workers, during the second third of {seconds:g} s at {LOAD} × load")
    table(
        ["fault", "", "requests", "lost before the first token", "lost after it", "unfinished", "sent to it too late",
         "the last after, ms", "used again after, s", "first token p99, ms"],
        rows,
    )
    print("Sent too late: chat completions that reached the worker more than 100 ms after a reset, 700 ms after it fell silent.")


def _one(settings: Settings, name: str, body: dict | None, seconds: float, seed: int) -> tuple[dict, dict]:
    """One run; what the load saw, and what the ill worker did during and after its fault."""
    rate = LOAD * mixture.full_rate(settings)
    third = seconds / 3
    with fake_workers(settings, settings.workers - 1) as ports, Victim(settings) as victim:
        through, port = (victim.port, victim.port) if body is None else (ports[0], ports[-1])
        told: dict = {}

        def suffer() -> None:
            time.sleep(third)
            if body is None:
                victim.process.kill()
            else:
                set_fault(through, port, **body)
            time.sleep(third)
            if body is None:
                victim.start()
                told["during"] = None
            else:
                told["during"] = _worker(through, port)["asked_ms"]
                set_fault(through, port, kind="none")

        with settings.programs.start(name, [*ports, victim.port]) as program:
            thread = threading.Thread(target=suffer)
            # The longest answers take some ten seconds; what is still open after twice that was forgotten.
            report = load_once(
                settings, program, *mixture.options(), "--rate", str(rate), "--seconds", str(seconds), "--drain", "20",
                "--timeout", "60", "--seed", str(seed), meanwhile=thread.start,
            )
            thread.join()
            settings.late_runs += report["late"]
            told["after"] = _worker(through, port)["asked_ms"]
    return report, told


class Victim:
    """A worker in a process of its own, to be killed and to come back on its port."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.port = free_ports(1)
        self.start()

    def start(self) -> None:
        command = [str(self.settings.binaries / "fake-worker"), "--port", str(self.port)]
        self.process = Process(command, self.settings.load_core, self.settings.folder / "victim.log")
        self.process.wait_for(f"http://127.0.0.1:{self.port}/health", 10)

    def __enter__(self) -> "Victim":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop()


def _worker(through: int, port: int) -> dict:
    return next(worker for worker in stats(through)["workers"] if worker["port"] == port)


def _row(runs: list[tuple[dict, dict]], limit: float | None) -> list[str]:
    lost = {"before": [], "after": [], "unfinished": []}
    for report, _ in runs:
        counts: dict[str, int] = {}
        for one in report["classes"].values():
            for outcome, count in one["outcomes"].items():
                counts[outcome] = counts.get(outcome, 0) + count
        lost["after"].append(counts.pop("broken_after_first_token", 0) + counts.pop("error_in_stream", 0))
        lost["unfinished"].append(counts.pop("unfinished", 0))
        counts.pop("complete", 0)
        lost["before"].append(sum(counts.values()))
    during = [told["during"] for _, told in runs if told["during"] is not None]
    late = "–" if limit is None else spread([sum(ms > limit for ms in asked) for asked in during], 0)
    back = [told["after"][0] / 1e3 for _, told in runs if told["after"]]
    total = median(sum(one["requests"] for one in report["classes"].values()) for report, _ in runs)
    firsts = [max(one["first_token_ms"]["p99"] for one in report["classes"].values()) for report, _ in runs]
    return [
        f"{total:.0f}", spread(lost["before"], 0), spread(lost["after"], 0), spread(lost["unfinished"], 0), late,
        spread([max(asked, default=0) for asked in during], 0), spread(back, 1) if back else "never", spread(firsts, 0),
    ]
