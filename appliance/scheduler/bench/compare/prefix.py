"""Prefixes found cached, and how evenly the work is spread, on a trace of JSON lines."""

import gzip
import json

from bench import Settings, complete, measure, note, requests, spread, table, title
from processes import Failed

PROGRAMS = ["direct", "ours", "smg", "nginx"]
# Real seconds that a replay is compressed into.
SECONDS = 60
QUICK_REQUESTS = 2000


def run(settings: Settings) -> None:
    """Measures and prints."""
    if not settings.trace:
        raise Failed("the part `prefix` needs --trace FILE (timestamp, input_length, output_length, hash_ids per line)")
    limit = settings.trace_requests or (QUICK_REQUESTS if settings.quick else None)
    ceiling, count, lasts = _ceiling(settings, limit)
    seconds = settings.seconds or (20 if settings.quick else SECONDS)
    speed = max(1.0, lasts / seconds)
    names = settings.programs.names(PROGRAMS)
    seen: dict[str, list[tuple[dict, dict]]] = {name: [] for name in names}
    for turn in range(settings.runs):
        for name in names:
            note(f"prefix: run {turn + 1} of {settings.runs}, {name}")
            options = ["--speed", str(speed), "--event-interval-ms", "5"]
            replay = ["--trace", str(settings.trace), "--speed", str(speed), "--limit", str(count), "--drain", "20"]
            seen[name].append(measure(settings, name, options, *replay))
    title(f"Prefix hits: {count} requests of `{settings.trace.name}`, {speed:.0f} times faster, {settings.workers} workers")
    rows = []
    for name, runs in seen.items():
        hits = [told["prefix_hit_rate"] for _, told in runs]
        rows.append([
            name,
            spread([100 * hit for hit in hits], 1),
            spread([hit / ceiling for hit in hits] if ceiling else []),
            spread([told["work_imbalance"] for _, told in runs]),
            spread([told["load_imbalance"] for _, told in runs]),
            spread([told["load_imbalance_weighted"] for _, told in runs]),
            spread([report["classes"]["chat"]["first_token_ms"]["p50"] * speed / 1e3 for report, _ in runs]),
            spread([report["classes"]["chat"]["first_token_ms"]["p99"] * speed / 1e3 for report, _ in runs]),
            f"{sum(requests(report) - complete(report) for report, _ in runs)}",
        ])
    table(
        ["", "blocks cached, %", "of the ceiling", "all prefill, largest over mean worker", "prefill outstanding, largest over mean",
         "the same, weighted", "first token p50, s", "p99, s", "failed"],
        rows,
    )
    print(f"The ceiling, one unlimited cache shared by all: {100 * ceiling:.1f} % of blocks. "
          "Times are those of the trace, before it was compressed.")


def _ceiling(settings: Settings, limit: int | None) -> tuple[float, int, float]:
    """The share of blocks seen before, the number of requests, and the seconds that they last."""
    opener = gzip.open if settings.trace.suffix == ".gz" else open
    seen: set[int] = set()
    asked = found = count = 0
    first = last = None
    with opener(settings.trace, "rt") as lines:
        for line in lines:
            if limit is not None and count >= limit:
                break
            entry = json.loads(line)
            prefix = True
            for block in entry["hash_ids"]:
                prefix = prefix and block in seen
                found += prefix
            asked += len(entry["hash_ids"])
            seen.update(entry["hash_ids"])
            first = entry["timestamp"] if first is None else first
            last = entry["timestamp"]
            count += 1
    if not count:
        raise Failed(f"the trace `{settings.trace}` is empty")
    return (found / asked if asked else 0.0), count, max(1.0, (last - first) / 1e3)
