"""What is lost when a server falls ill, for how long it is sent work all the same, and how its work returns.

Eight servers under a steady load, each with an illness of its own, one after the other, again and again. Two of them stand behind
real inference nodes, whose GPUs report XID 79 and heat in their heartbeats; a program that hears no heartbeat is spared these.
"""

import os
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import fates
import network
from bench import Settings, load_once, note, table, title
from processes import free_ports
from victims import ILL, QUIET, ROUND, STORIES_BEGIN, Node, Victim

PROGRAMS = ["ours", "smg-probing"]
REPORTED = ["XID 79", "thermal"]
# Milliseconds after which nothing more may be sent there: of a fault that was reported or a connection that was reset, and of
# silence; none where it is right to go on.
BOUNDS = {"XID 79": 100, "thermal": 100, "kill -9": 100, "reset": 100, "hang": 700, "silence": 700, "loss": None}
NAMES = {"XID 79": "XID 79 in the heartbeat", "thermal": "heat in the heartbeat", "kill -9": "`kill -9`",
         "reset": "connections reset", "hang": "hang (`SIGSTOP`)", "silence": "all packets lost", "loss": "20 % of packets lost",
         "none": "none"}
# Often enough that each server is sent one every 80 ms, and mostly has one without a first token: half of what the servers can
# read, with the first block cached. One class, so that none has servers reserved that the others then miss.
LOAD = ["--class", "chat=1:800:24", "--rate", "100"]
# Seconds of load before the first illness, and after the last one.
BEFORE, AFTER = 3, 11
# Seconds after the recovery in which its share of the work is told.
SHARES = [1, 2, 3, 5, 10]


def run(settings: Settings) -> None:
    """Measures and prints."""
    found: dict[str, fates.Found] = {}
    # What the gateway says of its own dispatches, where nobody is left to be sent them.
    os.environ["SFETNIC_LOG__FILTER"] = "warn,gateway=debug"
    with network.own_network():
        for name in settings.programs.names(PROGRAMS):
            found[name] = _one(settings, name)
    title(f"Faults of one of eight servers, about {ILL:g} s each, in {settings.runs} rounds")
    rows = [[NAMES[fault], name, *fates.row(of, fault, BOUNDS[fault])]
            for fault in BOUNDS for name, of in found.items() if of.of(fault)]
    table(["fault", "", "rounds", "last dispatch after, ms", "bound, ms", "sent later than that", "under way",
           "of these past the first token", "lost", "of these without a first token", "moved", "first token missed its target"],
          rows)
    for name, of in found.items():
        print(f"{name}: {of.requests} requests, {of.complete} complete, {of.unexplained} lost that no fault explains.")
    print("The last dispatch: largest of all rounds (median). After: the heartbeat that reports, the reset on the wire, the "
          "moment before the silence. Under way at that moment; the target's misses are of all servers while one was ill.\n")
    table(["fault", "", *(f"second {second}" for second in SHARES)],
          [[NAMES[fault], name, *fates.shares(of, fault, SHARES)] for fault in BOUNDS for name, of in found.items()
           if of.of(fault)])
    print("What the server is sent after its recovery, over an eighth of all.")


def _one(settings: Settings, name: str) -> fates.Found:
    """All illnesses of all rounds before one program."""
    folder = settings.folder / f"faults-{name}"
    folder.mkdir(exist_ok=True)
    reported = REPORTED if name == "ours" else []
    wanted = [*reported, *(fault for fault in BOUNDS if fault not in REPORTED)]
    ports = free_ports(16)
    with ExitStack() as stack:
        victims: list[Victim] = []
        for number, fault in enumerate([*wanted, *["none"] * (8 - len(wanted))]):
            kind = Node if fault in reported else Victim
            victim = kind(settings, folder, fault if fault != "none" else f"none {number}", ports + 2 * number)
            stack.callback(victim.stop)
            victims.append(victim)
        begun = time.monotonic()
        wire = stack.enter_context(network.Wire(ports, ports + 15))
        log = settings.folder / f"{name}.log"
        log.unlink(missing_ok=True)
        program = stack.enter_context(settings.programs.start(name, [victim.port for victim in victims]))
        rounds, lead = len(wanted) * (ILL + QUIET) + 1, float(BEFORE)
        if reported:
            rounds, lead = ROUND, STORIES_BEGIN - (time.monotonic() - begun)
            # Where the first story is missed, the next is waited for.
            lead += ROUND if lead < BEFORE else 0
        seconds = lead + settings.runs * rounds + AFTER
        illnesses: list[fates.Illness] = []
        failed: list[BaseException] = []

        def befall() -> None:
            try:
                time.sleep(BEFORE)
                for turn in range(settings.runs):
                    note(f"faults: round {turn + 1} of {settings.runs}, {name}")
                    for victim in victims[:len(wanted)]:
                        illnesses.append(_ill(victim))
            except BaseException as error:  # noqa: BLE001 - told by the thread that waits
                failed.append(error)

        thread = threading.Thread(target=befall)
        report = load_once(settings, program, *LOAD, "--each", "--seconds", f"{seconds:.0f}", "--drain", "15", "--timeout", "30",
                           meanwhile=thread.start)
        thread.join()
        if failed:
            raise failed[0]
        settings.late_runs += report["late"]
        steps = {victim.fault: victim.steps() for victim in victims}
        own = fates.logged(log, [victim.port for victim in victims]) if name == "ours" else []
        return fates.Found(illnesses, report["each"], steps, wire.heads, wire.ends, own)


def _ill(victim: Victim) -> fates.Illness:
    since = victim.suffer()
    if not isinstance(victim, Node):
        time.sleep(ILL)
    until = victim.recover()
    time.sleep(QUIET)
    return fates.Illness(victim.fault, victim.port, since, until)
