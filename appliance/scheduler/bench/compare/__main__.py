"""Compares our gateway with named peers on one machine: `scripts/bench-scheduler` calls this with everything installed."""

import argparse
import datetime
import os
import platform
import resource
import shlex
import signal
import sys
import tempfile
from pathlib import Path

import faults
import goodput
import isolation
import latency
import prefix
from bench import Settings, note
from processes import Failed

PARTS = {"latency": latency, "isolation": isolation, "goodput": goodput, "prefix": prefix, "faults": faults}


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench-scheduler", description="Compares our OpenAI-compatible gateway with named peers on this machine.",
        epilog="OURS='command line with {port} and {workers}' names the program under test ({workers} becomes a list of URLs "
               "with commas), our gateway unless set, and none if empty; OURS_READY its path that answers 200 when it serves "
               "(/healthz); OURS_HEADER='name: value' a header that it needs; SMG_ARGS further arguments of smg.",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all without one (prefix needs --trace, faults root)")
    parser.add_argument("--quick", action="store_true", help="one brief run of each, to see that all works")
    parser.add_argument("--runs", type=int, help="runs of each, in turn, and rounds of faults (5)")
    parser.add_argument("--seconds", type=float, default=0, help="seconds of each run")
    parser.add_argument("--rates", default="50,500", help="requests per second of the part latency (50,500)")
    parser.add_argument("--workers", type=int, default=8, help="fake workers (8)")
    parser.add_argument("--programs", default="", help="only these, with commas: direct, ours, smg, smg-priority, smg-probing, litellm, nginx")
    parser.add_argument("--trace", type=Path, help="JSON lines for the part prefix, .gz or not")
    parser.add_argument("--trace-requests", type=int, help="requests taken from its beginning")
    parser.add_argument("--keep", type=Path, help="keep configurations and logs of all programs in this folder")
    for hidden in ("binaries", "smg", "litellm", "nginx"):
        parser.add_argument(f"--{hidden}", default="", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    for part in chosen.parts:
        if part not in PARTS:
            parser.error(f"what is `{part}`? The parts are {', '.join(PARTS)}.")
    return chosen


def main() -> int:
    """Runs the parts, one after the other."""
    # Told to end, it takes what it started with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = arguments()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise Failed("two cores are needed: one for the program under test, one for load and workers")
    # Everything is on the loopback address, which no proxy of the environment shall come between.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    # Thousands of connections are open at once in overload.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    possible = {"prefix": chosen.trace, "faults": os.geteuid() == 0}
    parts = chosen.parts or [part for part in PARTS if possible.get(part, True)]
    with tempfile.TemporaryDirectory(prefix="bench-scheduler-") as temporary:
        folder = chosen.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(
            binaries=Path(chosen.binaries), folder=folder.resolve(), proxy_core=cores[0], load_core=cores[1],
            runs=chosen.runs or (1 if chosen.quick else 5), quick=chosen.quick,
            only=[name for name in chosen.programs.split(",") if name],
            ours=os.environ.get("OURS"), ours_ready=os.environ.get("OURS_READY", "/healthz"),
            ours_headers=[header for header in [os.environ.get("OURS_HEADER")] if header],
            smg=chosen.smg, smg_arguments=os.environ.get("SMG_ARGS", ""), litellm=chosen.litellm, nginx=chosen.nginx,
            workers=chosen.workers, rates=[float(rate) for rate in chosen.rates.split(",")], seconds=chosen.seconds,
            start_seconds=240, trace=chosen.trace, trace_requests=chosen.trace_requests,
        )
        _head(settings)
        for part in parts:
            try:
                PARTS[part].run(settings)
            except Failed as error:
                print(f"\n**{part} came to nothing: {str(error).splitlines()[0]}**")
                note(str(error))
                return 1
        if settings.late_runs:
            print(f"\n**{settings.late_runs} runs are invalid: the load itself was late.**")
        if settings.disturbed_runs:
            print(f"\n**In {settings.disturbed_runs} runs others took more than a tenth of the proxy's core: measure on a machine "
                  "that does nothing else.**")
    return 1 if settings.late_runs else 0


def _head(settings: Settings) -> None:
    command = " ".join(["scripts/bench-scheduler", *(shlex.quote(word) for word in _visible(sys.argv[1:]))])
    print(f"Measured {datetime.date.today()} with `{command}`"
          + (f", `OURS={shlex.quote(settings.ours)}`" if settings.ours else ", without a program of ours")
          + (f", `SMG_ARGS={shlex.quote(settings.smg_arguments)}`" if settings.smg_arguments else "") + ".")
    print(f"{os.cpu_count()} cores ({_processor()}), Linux {platform.release()}, load before {os.getloadavg()[0]:.1f}; "
          f"program under test on core {settings.proxy_core}, load and workers on core {settings.load_core}. "
          f"Median of {settings.runs} [smallest–largest].")


def _visible(words: list[str]) -> list[str]:
    """Without what the script has added itself."""
    return [word for word in words if not word.startswith(("--binaries=", "--smg=", "--litellm=", "--nginx="))]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        print(f"bench-scheduler: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
