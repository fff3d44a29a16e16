"""A network of its own for what is measured: packets are seen and dropped there, and nobody else notices.

The loopback of a network namespace that ends with its last process, so that no rule is ever left behind. Packets are of 1,500
bytes, as on a wire; without that a whole request would be lost or pass as one.
"""

import ctypes
import os
import re
import json
import socket
import struct
import subprocess
import threading
import time
from contextlib import contextmanager

from processes import Failed

CLONE_NEWNET = 0x40000000
# socket(7), packet(7): numbers that Python has no names for.
SO_ATTACH_FILTER, SO_RCVBUFFORCE, SO_TIMESTAMPNS, ETH_P_IP = 26, 33, 35, 0x0800
TABLE = "inet faults"


@contextmanager
def own_network():
    """Within it, this thread and the processes that it starts have a loopback of their own. Needs root."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(CLONE_NEWNET):
            raise Failed(f"a network namespace needs root: {os.strerror(ctypes.get_errno())}")
        # One segment at a time: else the kernel hands over 64 KiB at once, and they would be lost at once.
        _run(["ip", "link", "set", "lo", "mtu", "1500", "gso_max_segs", "1", "up"])
        yield
    finally:
        if libc.setns(before, CLONE_NEWNET):
            raise Failed("cannot go back to the network that was left")
        os.close(before)


def lose(port: int, percent: int) -> None:
    """From now on so many of a hundred packets to and from `port` are lost."""
    some = "" if percent >= 100 else f"numgen random mod 100 < {percent} "
    rules = "".join(f"add rule {TABLE} input tcp {way} {port} {some}drop\n" for way in ("dport", "sport"))
    _run(["nft", "-f", "-"], f"add table {TABLE}\nadd chain {TABLE} input {{ type filter hook input priority 0; }}\n{rules}")


def lose_nothing() -> None:
    """All packets pass again."""
    _run(["nft", "delete", "table", *TABLE.split()])


def now_us() -> int:
    """The moment, in microseconds since 1970: the clock of the journals, the packets and the report."""
    return time.time_ns() // 1000


def _run(command: list[str], text: str = "") -> None:
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Failed(f"`{' '.join(command)}` failed: {done.stdout.strip()}")


class Wire:
    """What passes the loopback on its way to some ports: the heads of requests, with the time at which the kernel saw them.

    That is the measure of what was sent to a server which is stopped, dead or cut off, and so cannot say it itself. Packets are
    seen before they are lost.
    """

    def __init__(self, first: int, last: int):
        # Each dispatch once, though its packet may be sent again: (time, port).
        self.heads: list[tuple[int, int]] = []
        # Connections that a server ended: (time, port).
        self.ends: list[tuple[int, int]] = []
        self._known: set[tuple[int, int, int]] = set()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        _attach(self._socket, _filter(first, last))
        self._socket.bind(("lo", ETH_P_IP))
        self._socket.settimeout(0.2)
        self._over = False
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._over:
            try:
                packet, ancillary, _, _ = self._socket.recvmsg(256, 64)
            except TimeoutError:
                continue
            at = _stamp(ancillary)
            tcp = (packet[0] & 15) * 4
            source, target, sequence = struct.unpack_from("!HHI", packet, tcp)
            if packet[tcp + 13] & 0x05:
                self.ends.append((at, source))
            data = tcp + (packet[tcp + 12] >> 4) * 4
            name = (target, source, sequence)
            if packet[data:data + 25] == b"POST /v1/chat/completions" and name not in self._known:
                self._known.add(name)
                self.heads.append((at, target))


class Heartbeats:
    """Hears a node's heartbeat as a dispatcher does, and keeps when its health changed, by the kernel's clock."""

    def __init__(self, port: int, key: str):
        self.changes: list[tuple[int, str]] = []
        self._changed = threading.Condition()
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.sendall(f"GET /v1/node/heartbeat HTTP/1.1\r\nhost: node\r\nauthorization: Bearer {key}\r\n\r\n".encode())
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def wait(self, healthy: bool, since_us: int, seconds: float) -> int:
        """When the node was healthy, or not, for the first time after `since_us`."""
        def found() -> int | None:
            return next((at for at, health in self.changes if at > since_us and (health == "ok") == healthy), None)

        with self._changed:
            if not self._changed.wait_for(found, seconds):
                raise Failed(f"a node's heartbeat did not become {'well' if healthy else 'unwell'} within {seconds:g} s")
            return found()

    def _listen(self) -> None:
        text, last = b"", None
        while True:
            try:
                piece, ancillary, _, _ = self._socket.recvmsg(65536, 64)
            except OSError:
                return
            if not piece:
                return
            text += piece
            for beat in re.findall(rb"data: (\{[^\n]*\})\n\n", text):
                health = json.loads(beat)["health"]
                if health != last:
                    last = health
                    with self._changed:
                        self.changes.append((_stamp(ancillary), health))
                        self._changed.notify_all()
            text = text[text.rfind(b"\n\n") + 2:] if b"\n\n" in text else text


def _stamp(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("qq", data[:16])
            return seconds * 1_000_000 + nanoseconds // 1000
    return now_us()


def _filter(first: int, last: int) -> list[tuple[int, int, int, int]]:
    """Classic BPF: to the ports with a body, or from them with FIN or RST; offsets are those of IPv4 without options."""
    byte, half, equal, at_least, above, both, give = 0x30, 0x28, 0x15, 0x35, 0x25, 0x45, 0x06
    return [
        (byte, 0, 0, 9), (equal, 0, 10, 6),  # TCP
        (half, 0, 0, 22), (at_least, 0, 3, first), (above, 2, 0, last),  # to one of the ports …
        (half, 0, 0, 2), (above, 6, 5, 60),  # … with more than headers
        (half, 0, 0, 20), (at_least, 0, 3, first), (above, 2, 0, last),  # from one of them …
        (byte, 0, 0, 33), (both, 1, 0, 0x05),  # … with FIN or RST
        (give, 0, 0, 0), (give, 0, 0, 256),
    ]


def _attach(packets: socket.socket, program: list[tuple[int, int, int, int]]) -> None:
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code)
    packets.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(buffer)))
