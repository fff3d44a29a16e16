"""What a call notices of overload: its first token at 1.5 times the load, against the same calls alone."""

from statistics import median

import mixture
from bench import Settings, measure, note, ratio, spread, table, title

PROGRAMS = ["direct", "ours", "smg-priority", "smg"]
OVERLOAD = 1.5


def run(settings: Settings) -> None:
    """Measures and prints."""
    seconds = 10 if settings.quick else settings.seconds or 60
    rate = OVERLOAD * mixture.full_rate(settings)
    names = settings.programs.names(PROGRAMS)
    seen: dict[str, list[tuple[dict, dict]]] = {name: [] for name in names}
    common = [*mixture.options(), "--rate", str(rate), "--seconds", str(seconds), "--warmup", str(seconds / 6),
              "--drain", "15", "--timeout", "60"]
    for turn in range(settings.runs):
        for name in names:
            note(f"isolation: run {turn + 1} of {settings.runs}, {name}")
            pair = []
            for more in (["--only", "voice"], []):
                pair.append(measure(settings, name, [], *common, *more, "--seed", str(turn + 1))[0])
            seen[name].append((pair[0], pair[1]))
    rows, factors, together = [], {}, {}
    for name, pairs in seen.items():
        alone = [_voice(one) for one, _ in pairs]
        together[name] = [_voice(both) for _, both in pairs]
        factors[name] = [both / one for one, both in zip(alone, together[name]) if one]
        good = [both["classes"]["voice"]["good"] / max(1, both["classes"]["voice"]["requests"]) for _, both in pairs]
        rows.append([name, spread(alone, 0), spread(together[name], 0), spread(factors[name]), spread(good, 3)])
    title(f"Voice among others at {OVERLOAD} × load ({rate:.0f} requests/s on {settings.workers} workers)")
    table(["", "first token of calls alone, p99 ms", "in overload, p99 ms", "factor", "calls within targets"], rows)
    if "ours" in names and "smg-priority" in names:
        print(f"Ours: {median(factors['ours']):.2f} times voice alone; "
              f"{ratio(together['ours'], together['smg-priority']) or 0:.2f} times smg with its priority scheduler.")


def _voice(report: dict) -> float:
    # A call that fails or is refused counts with all the time until then: otherwise refusing calls would look fast.
    return report["classes"]["voice"]["first_token_or_failure_ms"]["p99"]
