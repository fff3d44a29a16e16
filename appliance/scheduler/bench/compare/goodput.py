"""The worth of answers within their targets, from light load to overload."""

import mixture
from bench import Settings, measure, note, ratio, spread, table, title

PROGRAMS = ["direct", "ours", "smg", "smg-priority"]
LOADS = [0.7, 1.0, 1.3, 1.5]


def run(settings: Settings) -> None:
    """Measures and prints."""
    seconds = 10 if settings.quick else settings.seconds or 60
    full = mixture.full_rate(settings)
    names = settings.programs.names(PROGRAMS)
    seen: dict[tuple[str, float], list[dict]] = {}
    for turn in range(settings.runs):
        for factor in LOADS:
            for name in names:
                note(f"goodput: run {turn + 1} of {settings.runs}, load {factor}, {name}")
                report, _ = measure(
                    settings, name, [], *mixture.options(), "--rate", str(factor * full), "--seconds", str(seconds),
                    "--warmup", str(seconds / 6), "--drain", str(seconds / 2), "--timeout", "300", "--seed", str(turn + 1),
                )
                seen.setdefault((name, factor), []).append(report)
    title(f"Weighted goodput ({settings.workers} workers, a load of 1.0 is {full:.0f} requests/s)")
    rows = []
    for name in names:
        for factor in LOADS:
            reports = seen[name, factor]
            classes = [spread([_good(report, one) for report in reports]) for one in mixture.CLASSES]
            rows.append([name, f"{factor}", spread([report["weighted_goodput"] for report in reports], 3), *classes])
    table(["", "load", "weighted goodput", *mixture.CLASSES], rows)
    for peer in ("smg", "smg-priority"):
        if "ours" in names and peer in names:
            factors = [ratio(*([report["weighted_goodput"] for report in seen[one, factor]] for one in ("ours", peer)))
                       for factor in LOADS]
            told = ", ".join(f"{one:.2f}" if one is not None else "–" for one in factors)
            print(f"Ours over {peer}, at the four loads: {told}.")


def _good(report: dict, name: str) -> float:
    one = report["classes"][name]
    return one["good"] / one["requests"] if one["requests"] else 0.0
