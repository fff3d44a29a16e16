"""What became of the requests around each illness, from what the servers, the wire and the load wrote down."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import mean, median

SECOND = 1_000_000


@dataclass
class Illness:
    """One server, ill from a moment to another, in microseconds since 1970."""

    fault: str
    port: int
    since: int
    until: int
    # Each named by its number in the load's plan.
    under_way: set[int] = field(default_factory=set)
    begun: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    # After how many milliseconds each dispatch was: as the wire shows it, and as our gateway says.
    sent_ms: list[float] = field(default_factory=list)
    said_ms: list[float] = field(default_factory=list)

    def last_ms(self) -> float:
        return max([*self.sent_ms, *self.said_ms], default=0.0)

    def late(self, bound: float) -> int:
        """How many dispatches were later than `bound`."""
        return max(sum(ms > bound for ms in those) for those in (self.sent_ms, self.said_ms))


class Found:
    """All illnesses of a program's run, and all requests."""

    def __init__(self, illnesses: list[Illness], each: list[dict], steps: dict[str, list[dict]], heads: list[tuple[int, int]],
                 ends: list[tuple[int, int]], own: list[tuple[int, int]]):
        self.illnesses, self.each, self.steps = illnesses, {one["id"]: one for one in each}, steps
        self.requests = len(each)
        self.complete = sum(one["outcome"] == "complete" for one in each)
        self.asked: dict[int, list[tuple[int, str]]] = {}
        for fault, those in steps.items():
            for step in those:
                if step["step"] == "asked":
                    self.asked.setdefault(step["id"], []).append((step["at_us"], fault))
        for illness in illnesses:
            self._look(illness, heads, ends, own)
        self.unexplained = self._explain()

    def of(self, fault: str) -> list[Illness]:
        """Those of one kind that found the server at work: one that has been given up before cannot be given up again."""
        return [illness for illness in self.illnesses if illness.fault == fault and illness.under_way]

    def _look(self, illness: Illness, heads, ends, own) -> None:
        if illness.fault in ("kill -9", "reset"):
            # The reset that its clients see.
            seen = [at for at, port in ends if port == illness.port and illness.since <= at <= illness.until]
            illness.since = min(seen, default=illness.since)
        open_, begun = set(), set()
        for step in self.steps[illness.fault]:
            if step["at_us"] > illness.since:
                break
            match step["step"]:
                case "asked":
                    open_.add(step["id"])
                    begun.discard(step["id"])
                case "first":
                    begun.add(step["id"])
                case _:
                    open_.discard(step["id"])
        if illness.fault == "kill -9":
            # What an earlier process left behind is over, though it could not say so.
            open_ = {name for name in open_ if name in self.each
                     and self.each[name]["sent_us"] + self.each[name]["ended_ms"] * 1000 >= illness.since - 1000}
        illness.under_way, illness.begun = open_, open_ & begun
        illness.sent_ms, illness.said_ms = (
            [(at - illness.since) / 1000 for at, port in those if port == illness.port and illness.since < at < illness.until]
            for those in (heads, own))

    def _explain(self) -> int:
        """Gives each lost request to the illness that had it; how many none had."""
        unexplained = 0
        for name, one in self.each.items():
            if one["outcome"] == "complete":
                continue
            ended = one["sent_us"] + one["ended_ms"] * 1000
            had = [illness for illness in self.illnesses
                   if one["sent_us"] < illness.until and ended > illness.since
                   and any(fault == illness.fault and at < illness.until for at, fault in self.asked.get(name, []))]
            if had:
                had[-1].lost.add(name)
            else:
                unexplained += 1
        return unexplained

    def moved(self, illness: Illness) -> int:
        """Requests that were under way there without a first token, and were asked of another server afterwards."""
        return sum(any(at > illness.since and fault != illness.fault for at, fault in self.asked.get(name, []))
                   for name in illness.under_way - illness.begun)

    def missed(self, illness: Illness) -> tuple[int, int]:
        """Requests that came while it was ill, or just before, without a first token in time; and all of them."""
        those = [one for one in self.each.values() if illness.since - SECOND <= one["sent_us"] < illness.until]
        return sum(not one["in_time"] for one in those), len(those)


def row(found: Found, fault: str, bound: float | None) -> list[str]:
    """The figures of one kind of illness."""
    those = found.of(fault)
    last = [illness.last_ms() for illness in those]
    late = sum(illness.late(bound) for illness in those) if bound else None
    lost = [found.each[name] for illness in those for name in illness.lost]
    missed = [sum(counts) for counts in zip(*(found.missed(illness) for illness in those))]
    return [
        str(len(those)), f"{max(last):.0f} ({median(last):.0f})", f"{bound:g}" if bound else "–", "–" if late is None else str(late),
        str(sum(len(illness.under_way) for illness in those)), str(sum(len(illness.begun) for illness in those)), str(len(lost)),
        str(sum(one["first_token_ms"] is None for one in lost)), str(sum(found.moved(illness) for illness in those)),
        f"{missed[0]} of {missed[1]}",
    ]


def shares(found: Found, fault: str, seconds: list[int]) -> list[str]:
    """What the server was sent in some seconds after its recovery, over an even share."""
    told = []
    everywhere = sorted(at for those in found.asked.values() for at, _ in those)
    here = sorted(step["at_us"] for step in found.steps[fault] if step["step"] == "asked")
    for second in seconds:
        parts = []
        for illness in found.of(fault):
            begin = illness.until + (second - 1) * SECOND
            count = [sum(begin <= at < begin + SECOND for at in those) for those in (here, everywhere)]
            if count[1]:
                parts.append(count[0] * 8 / count[1])
        told.append(f"{mean(parts):.2f}" if parts else "–")
    return told


def logged(log: Path, ports: list[int]) -> list[tuple[int, int]]:
    """What our gateway says that it dispatched, and where to: its nodes are numbered in the order of `ports`."""
    found = []
    for line in log.read_text(errors="replace").splitlines():
        if '"dispatched"' in line and line.startswith("{"):
            event = json.loads(line)
            at = datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")).timestamp()
            found.append((round(at * SECOND), ports[int(event["fields"]["node"].removeprefix("node-"))]))
    return found
