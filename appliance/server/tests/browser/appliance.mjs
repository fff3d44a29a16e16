// A real appliance for browser tests: its own folder and ports, stopped at the end.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ended, tie } from "./children.mjs";

const target = resolve(process.env.CARGO_TARGET_DIR ?? "target");
const binary = process.env.APPLIANCE ?? join(target, "debug", "appliance");

// A port that nobody uses, over TCP or UDP; below those that the system gives to connections.
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const [tcp, udp] = [createServer(), createSocket("udp4")];
    const bound = [
      new Promise((done) => tcp.once("error", () => done(false)).listen(port, "127.0.0.1", () => done(true))),
      new Promise((done) => udp.once("error", () => done(false)).bind(port, "127.0.0.1", () => done(true))),
    ];
    const [stream, datagrams] = await Promise.all(bound);
    await Promise.all([stream && new Promise((done) => tcp.close(done)), datagrams && new Promise((done) => udp.close(done))]);
    if (stream && datagrams) return port;
  }
}

// `extra`: more of the configuration, or what makes it from the port. `prepare`: what is done to its data's folder before it
// starts.
export async function startAppliance(extra = "", prepare = () => {}) {
  const folder = mkdtempSync(join(tmpdir(), "sfetnic-browser-"));
  const [http, metrics, raft, api] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const config = join(folder, "sfetnic.toml");
  const more = typeof extra === "function" ? extra(http) : extra;
  // The telephone's usual port is one, and tests are many.
  const phone = more.includes("[phone") ? "" : "[phone]\nenabled = false";
  writeFileSync(
    config,
    `[data]
folder = "${folder}/data"
[http]
listen = "127.0.0.1:${http}"
stop_seconds = 2
[metrics]
listen = "127.0.0.1:${metrics}"
[log]
filter = "warn"
[store]
listen = "127.0.0.1"
peers = [{ id = 1, raft = "127.0.0.1:${raft}", api = "127.0.0.1:${api}" }]
${phone}
${more}
`,
  );
  prepare(join(folder, "data"));
  let child;
  let printed = "";
  let complained = "";
  const start = () => {
    child = tie(spawn(binary, ["--config", config, "serve"], { stdio: ["ignore", "pipe", "pipe"] }));
    child.stdout.on("data", (bytes) => (printed += bytes));
    child.stderr.on("data", (bytes) => (complained += bytes));
  };
  start();
  const url = `http://127.0.0.1:${http}`;
  const deadline = Date.now() + 120_000;
  for (;;) {
    const password = /one-time password (\S+)/.exec(printed)?.[1];
    if (password) {
      return {
        url,
        config,
        password,
        complaints: () => complained,
        // Kills it without warning, and starts it again over the same data.
        async killAndStart() {
          child.kill("SIGKILL");
          await ended(child);
          start();
          const ready = async () => (await fetch(`http://127.0.0.1:${metrics}/readyz`).catch(() => undefined))?.ok;
          const until = Date.now() + 60_000;
          while (!(await ready())) {
            if (Date.now() > until) throw new Error(`the appliance did not start again:\n${complained}`);
            await new Promise((later) => setTimeout(later, 50));
          }
        },
        async stop() {
          child.kill("SIGTERM");
          await ended(child);
          rmSync(folder, { recursive: true, force: true });
        },
      };
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`the appliance did not start:\n${printed}\n${complained}`);
    }
    await new Promise((later) => setTimeout(later, 50));
  }
}
