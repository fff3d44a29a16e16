"""The programs that are compared, and how each is started in front of the workers."""

import os
import secrets
import shlex
import time
from dataclasses import dataclass, field
from pathlib import Path

from processes import Process, free_ports

MODEL = "fake"


@dataclass
class Program:
    """A proxy under test. `start` runs it; `target` is where requests go."""

    name: str
    process: Process | None
    targets: list[str]
    headers: list[str] = field(default_factory=list)

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process:
            self.process.stop()

    def settle(self) -> None:
        """Waits until it rests from what it was sent before, so that one run does not pay for another; not for ever."""
        end = time.monotonic() + 30
        while self.process and time.monotonic() < end:
            before = self.cpu_seconds()
            time.sleep(0.5)
            if self.cpu_seconds() - before <= 0.05:
                break

    def cpu_seconds(self) -> float:
        return self.process.cpu_seconds() if self.process else 0.0


class Programs:
    """Knows the command line of each program."""

    def __init__(self, settings):
        self.settings = settings
        # LiteLLM does not start without a key. The others that are measured here ask for none, unless ours does.
        self.litellm_key = f"sk-{secrets.token_hex(16)}"
        self.headers = {"ours": settings.ours_headers, "litellm": [f"authorization: Bearer {self.litellm_key}"]}

    def names(self, wanted: list[str]) -> list[str]:
        """Those of `wanted` that are here; ours is only where a command line for it was given."""
        chosen = self.settings.only or wanted
        return [name for name in wanted if name in chosen and (name != "ours" or self.settings.ours)]

    def start(self, name: str, workers: list[int]) -> Program:
        """Runs the program `name` before the workers at these ports, on the proxy's core, and waits until it serves."""
        if name == "direct":
            return Program(name, None, [f"127.0.0.1:{port}" for port in workers])
        port = free_ports(2)
        urls = [f"http://127.0.0.1:{worker}" for worker in workers]
        command, ready, text, environment = getattr(self, "_" + name.replace("-", "_"))(port, urls)
        process = Process(command, self.settings.proxy_core, self.settings.folder / f"{name}.log", environment)
        try:
            process.wait_for(f"http://127.0.0.1:{port}{ready}", self.settings.start_seconds, text)
        except BaseException:
            process.stop()
            raise
        return Program(name, process, [f"127.0.0.1:{port}"], self.headers.get(name, []))

    def _ours(self, port, urls):
        line = self.settings.ours.replace("{port}", str(port)).replace("{workers}", ",".join(urls))
        return shlex.split(line), self.settings.ours_ready, "", {}

    def _smg(self, port, urls, *more):
        command = [
            self.settings.smg, "launch", "--host", "127.0.0.1", "--port", str(port), "--worker-urls", *urls,
            "--policy", "cache_aware", "--prometheus-host", "127.0.0.1", "--prometheus-port", str(port + 1),
            "--log-level", "error", "--disable-tokenizer-autoload", *more, *shlex.split(self.settings.smg_arguments),
        ]
        # It is ready with its first worker; it shall have all.
        return command, "/readiness", f'"healthy_workers":{len(urls)}', {}

    def _smg_priority(self, port, urls):
        return self._smg(
            port, urls, "--priority-scheduler-enabled", "--priority-scheduler-default-max-class", "system",
        )

    def _smg_probing(self, port, urls):
        # By default it looks at its workers once a minute, which says nothing of how it does with a fault that it has seen.
        return self._smg(port, urls, "--health-check-interval-secs", "1", "--health-check-timeout-secs", "1",
                         "--health-failure-threshold", "1", "--health-success-threshold", "1")

    def _litellm(self, port, urls):
        entries = "".join(
            f"  - model_name: {MODEL}\n    litellm_params:\n      model: openai/{MODEL}\n      api_base: {url}/v1\n"
            f"      api_key: none\n"
            for url in urls
        )
        config = self._write(
            "litellm.yaml",
            f"model_list:\n{entries}litellm_settings:\n  telemetry: false\n  set_verbose: false\n",
        )
        command = [
            self.settings.litellm, "--config", str(config), "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1",
        ]
        # The table of models' prices comes from the network unless it is told not to.
        quiet = {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION",
                 "LITELLM_MASTER_KEY": self.litellm_key}
        return command, "/health/liveliness", "", quiet

    def _nginx(self, port, urls):
        servers = "".join(f"        server {url.removeprefix('http://')};\n" for url in urls)
        folder = self.settings.folder
        config = self._write("nginx.conf", f"""
{"user root;" if os.getuid() == 0 else ""}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log error;
events {{ worker_connections 16384; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    client_body_buffer_size 1m;
    client_max_body_size 0;
    keepalive_requests 1000000;
    upstream workers {{
{servers}        keepalive 512;
        keepalive_requests 1000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://workers;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 600s;
        }}
    }}
}}
""")
        return [self.settings.nginx, "-c", str(config), "-p", str(folder), "-e", f"{folder}/nginx-error.log"], "/health", "", {}

    def _write(self, name: str, text: str) -> Path:
        path = self.settings.folder / name
        path.write_text(text)
        return path
