"""The mixture of classes for isolation and goodput, and the load at which the workers are just full."""

from bench import Settings

# Share, tokens of prompt, tokens of answer: calls short, letters and batch work long.
CLASSES = {"voice": (0.3, 300, 60), "chat": (0.4, 1200, 150), "mail": (0.2, 2000, 250), "batch": (0.1, 3000, 400)}
# As `fake-worker` has them by default.
PREFILL_RATE, DECODE_BASE, DECODE_PER_SEQUENCE, MAX_RUNNING, BLOCK = 8000, 0.006, 0.00035, 64, 512


def options() -> list[str]:
    """The mixture for `load`."""
    return [part for name, (share, prompt, output) in CLASSES.items()
            for part in ("--class", f"{name}={share}:{prompt}:{output}")]


def full_rate(settings: Settings) -> float:
    """Requests per second that keep all workers busy, with full batches and each class's first block cached.

    An upper bound of what the cost model allows, and so a load of 1.0 that no dispatcher can quite serve.
    """
    seconds = 0.0
    for share, prompt, output in CLASSES.values():
        uncached = prompt - BLOCK if prompt > BLOCK else prompt
        seconds += share * uncached / PREFILL_RATE
        seconds += share * output * (DECODE_BASE / MAX_RUNNING + DECODE_PER_SEQUENCE)
    return settings.workers / seconds
