"""What a proxy adds: time against a direct call, and processor time, at given rates and at saturation."""

from statistics import median

from bench import Settings, complete, fake_workers, load, note, ratio, requests, spread, table, title

PROGRAMS = ["direct", "ours", "smg", "litellm", "nginx"]
# A question of 200 tokens, an answer of 16, as a stream. The worker has it ready at once.
CLASS = ["--class", "chat=1:200:16", "--drain", "5", "--timeout", "20"]
# Requests under way at once where a proxy is to do all it can.
CONCURRENCY = 64


def run(settings: Settings) -> None:
    """Measures and prints."""
    seconds = 3 if settings.quick else settings.seconds or 10
    names = settings.programs.names(PROGRAMS)
    points = [f"{rate:g} requests/s" for rate in settings.rates] + ["saturation"]
    seen: dict[tuple[str, str], list[dict]] = {}
    with fake_workers(settings, settings.workers, "--instant") as ports:
        for turn in range(settings.runs):
            for name in names:
                note(f"latency: run {turn + 1} of {settings.runs}, {name}")
                with settings.programs.start(name, ports) as program:
                    # Connections are opened and code is warmed before anything counts.
                    load(settings, program, *CLASS, "--closed", "4", "--seconds", "2")
                    for rate, point in zip(settings.rates, points):
                        options = ["--rate", str(rate), "--seconds", str(seconds), "--warmup", "0.5"]
                        report = load(settings, program, *CLASS, *options, "--seed", str(turn + 1))
                        seen.setdefault((name, point), []).append(report)
                    options = ["--closed", str(CONCURRENCY), "--seconds", str(seconds), "--warmup", "0.5"]
                    seen.setdefault((name, "saturation"), []).append(load(settings, program, *CLASS, *options))
    for point in points:
        _print(point, names, seen)


def _print(point: str, names: list[str], seen: dict) -> None:
    reports = {name: seen[name, point] for name in names}
    added = {name: {q: _added(reports, name, q) for q in ("p50", "p99")} for name in names}
    rows = []
    for name in names:
        first = [_first(report) for report in reports[name]]
        rows.append([
            name,
            spread([one["p50"] for one in first]),
            spread([one["p99"] for one in first]),
            "–" if name == "direct" else spread(added[name]["p50"]),
            "–" if name == "direct" else spread(added[name]["p99"]),
            spread([report["completed_per_second"] for report in reports[name]], 0),
            f"{sum(requests(report) - complete(report) for report in reports[name])}",
            "–" if name == "direct" else spread([report["cpu_us_per_request"] for report in reports[name]], 0),
        ])
    title(f"Added latency, streaming, {point}")
    table(
        ["", "first token p50, ms", "p99, ms", "added p50, ms", "added p99, ms", "completed/s", "failed",
         "processor, µs/request"],
        rows,
    )
    if "ours" in names:
        _compare(names, reports, added)


def _first(report: dict) -> dict:
    return report["classes"]["chat"]["first_token_or_failure_ms"]


def _added(reports: dict, name: str, quantile: str) -> list[float]:
    """Run by run, against the direct run of the same turn."""
    pairs = zip(reports[name], reports.get("direct", []))
    return [_first(one)[quantile] - _first(direct)[quantile] for one, direct in pairs]


def _compare(names: list[str], reports: dict, added: dict) -> None:
    for peer in ("smg", "litellm"):
        if peer in names:
            p50, p99 = (ratio(added["ours"][q], added[peer][q]) for q in ("p50", "p99"))
            if p50 is not None and p99 is not None:
                print(f"Ours adds {p50:.2f} times what {peer} adds at p50, {p99:.2f} times at p99.")
    if "nginx" in names:
        cpu = {name: median(report["cpu_us_per_request"] for report in reports[name]) for name in ("ours", "nginx")}
        if cpu["nginx"]:
            print(f"Ours takes {cpu['ours'] / cpu['nginx']:.2f} times the processor time of nginx.")
