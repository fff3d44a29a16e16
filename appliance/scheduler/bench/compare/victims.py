"""The servers that fall ill, each with an illness of its own, and what each wrote down."""

import json
import signal
from contextlib import ExitStack
from pathlib import Path

import network
from bench import Settings, set_fault
from processes import Failed, Process, free_ports

# As the gateway's example has it.
KEY = "sfn-bench-no-secret-at-all"
# How long an illness lasts, and the quiet after it.
ILL, QUIET = 2.5, 1.0
# The stories are told in whole seconds, and a temperature is read once a second: how long a round of all illnesses takes, when
# the first begins after its node, when the second, and how long each lasts.
ROUND, STORIES_BEGIN, NEXT_STORY, STORY = 32, 12, 5, 3


class Victim:
    """A server in a process of its own. `suffer` makes it ill and gives the moment at which that could be known."""

    def __init__(self, settings: Settings, folder: Path, fault: str, port: int):
        self.settings, self.folder, self.fault, self.port = settings, folder, fault, port
        self.journal = folder / f"{fault.replace(' ', '-')}.journal"
        self.process = self._start(port)

    def _start(self, port: int) -> Process:
        # Its second port is for orders that a broken one would not take.
        command = [str(self.settings.binaries / "fake-worker"), "--workers", "2", "--port", str(port), "--journal",
                   str(self.journal)]
        process = Process(command, self.settings.load_core, self.folder / "victims.log")
        process.wait_for(f"http://127.0.0.1:{port}/health", 10)
        return process

    def stop(self) -> None:
        self.process.stop()

    def suffer(self) -> int:
        """Makes it ill; gives the moment before that."""
        before = network.now_us()
        match self.fault:
            case "kill -9":
                self.process.kill()
            case "reset":
                set_fault(self.port + 1, self.port, kind="reset")
            case "hang":
                self.process.signal(signal.SIGSTOP)
            case "silence":
                network.lose(self.port, 100)
            case "loss":
                network.lose(self.port, 20)
        return before

    def recover(self) -> int:
        """Makes it well; gives the moment before that."""
        before = network.now_us()
        match self.fault:
            case "kill -9":
                self.process = self._start(self.port)
            case "reset":
                set_fault(self.port + 1, self.port, kind="none")
            case "hang":
                self.process.signal(signal.SIGCONT)
            case "silence" | "loss":
                network.lose_nothing()
        return before

    def steps(self) -> list[dict]:
        """What became of each request here, in the order in which it happened."""
        if not self.journal.exists():
            return []
        lines = self.journal.read_text().splitlines()
        # The last line of a killed process may be half a line.
        return [json.loads(line) for line in lines if line.endswith("}")]


class Node(Victim):
    """A server behind a real inference node, whose GPU's story tells that it falls ill and recovers."""

    def __init__(self, settings: Settings, folder: Path, fault: str, port: int):
        # The server behind it has ports of its own, out of the wire's sight.
        self.behind = free_ports(2, 31000)
        super().__init__(settings, folder, fault, self.behind)
        self.port, self.seen_us = port, 0
        # Who makes it can stop it only once it is made.
        with ExitStack() as failing:
            failing.callback(self.process.stop)
            self.node = self._node()
            failing.callback(self.node.stop)
            self.node.wait_for(f"http://127.0.0.1:{port}/healthz", 30)
            self.heartbeats = network.Heartbeats(port, KEY)
            failing.pop_all()

    def _node(self) -> Process:
        program = self.settings.binaries / "inference-node"
        if not program.exists():
            raise Failed(f"`{program}` is missing: scripts/bench-scheduler builds it")
        folder = self.folder / f"node-{self.fault.replace(' ', '-')}"
        folder.mkdir()
        (folder / "key").touch(0o600)
        (folder / "key").write_text(KEY)
        (folder / "story.toml").write_text(_story(self.fault))
        (folder / "model").mkdir()
        (folder / "model" / "model.toml").write_text(
            f'schema = 1\nid = "fake"\ntask = "chat"\nengine = "remote"\nlanguages = ["*"]\ncontext = 131_072\nparallel = 64\n'
            f'remote = {{ url = "http://127.0.0.1:{self.behind}/v1", model = "fake" }}\n')
        environment = {
            "SFETNIC_NODE_DATA__FOLDER": str(folder), "SFETNIC_NODE_HTTP__LISTEN": f"127.0.0.1:{self.port}",
            "SFETNIC_NODE_ACCESS__KEY_FILE": str(folder / "key"), "SFETNIC_NODE_LOG__FILTER": "warn",
            "SFETNIC_NODE_GPU__TELEMETRY": str(folder / "story.toml"),
        }
        log = self.folder / "nodes.log"
        with Process([str(program), "models", "import", str(folder / "model")], None, log, environment) as done:
            if done.child.wait(30):
                raise Failed(f"the node takes no model: {log.read_text()[-1500:]}")
        return Process([str(program), "serve"], self.settings.load_core, log, environment)

    def stop(self) -> None:
        self.heartbeats.close()
        self.node.stop()
        super().stop()

    def suffer(self) -> int:
        """Waits for the heartbeat that reports it; nobody else says anything."""
        self.seen_us = self.heartbeats.wait(False, max(self.seen_us, network.now_us() - 1_000_000), ROUND + STORIES_BEGIN)
        return self.seen_us

    def recover(self) -> int:
        self.seen_us = self.heartbeats.wait(True, self.seen_us, ROUND)
        return self.seen_us


def _story(fault: str) -> str:
    hot = fault == "thermal"
    begin = STORIES_BEGIN + (NEXT_STORY if hot else 0)
    ill = ('gpu = [{ index = 0, thermal = { gpu_celsius = 94 }, throttle = ["hardware-slowdown", "hardware-thermal"] }]' if hot
           else "lost = [0]\nxid = [{ gpu = 0, code = 79 }]")
    well = "gpu = [{ index = 0, thermal = { gpu_celsius = 70 }, throttle = [] }]" if hot else "found = [0]"
    return f"""about = "For the part faults of scripts/bench-scheduler: {fault}, again and again"
repeat_after_seconds = {ROUND}
driver = {{ driver_version = "580.95.05" }}
[[gpu]]
index = 0
name = "NVIDIA H200"
vram = {{ total_bytes = 150_000_000_000, used_bytes = 0, free_bytes = 150_000_000_000 }}
thermal = {{ gpu_celsius = 65, slowdown_celsius = 92, shutdown_celsius = 97 }}
throttle = []
[[step]]
at_seconds = {begin}
{ill}
[[step]]
at_seconds = {begin + STORY}
{well}
"""

