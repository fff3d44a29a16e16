// An appliance under load: a process of its own on the core that is measured, in a folder of its own.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const TICKS = 100;
const PAGE_BYTES = 4096;
const LONGEST_CALL_SECONDS = 3600;
// A pair of ports rests two seconds after its call: hundreds of set-ups in a second need thousands.
const [FIRST_PORT, LAST_PORT] = [20_000, 29_999];

// `binary`, `core`: what runs where. `node`: the address of the node that speaks and hears; none: neither.
// `trusted`: callers come by an exchange whose word for their numbers is believed.
export async function startAppliance({ binary, core, node, trusted = false, most = 600 }) {
  const folder = mkdtempSync(join(tmpdir(), "sfetnic-bench-phone-"));
  const [http, metrics, raft, api, sip] = await freePorts(5);
  const config = join(folder, "sfetnic.toml");
  const key = join(folder, "key");
  writeFileSync(key, "stand-in\n");
  const inference = node ? `[inference]\nurl = "${node}"\nkey_file = "${key}"\n` : "";
  const peer = trusted ? `[[phone.sip.peers]]\nname = "trunk"\nallow = ["127.0.0.0/8"]\ntrusted = true\nprobe_seconds = 0\n` : "";
  writeFileSync(
    config,
    `${inference}[data]
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
# A load's callers may be silent for as long as is measured.
[phone.dialogue.silence]
first_seconds = ${LONGEST_CALL_SECONDS}
second_seconds = ${LONGEST_CALL_SECONDS}
keypad_seconds = ${LONGEST_CALL_SECONDS}
goodbye_seconds = ${LONGEST_CALL_SECONDS}
[phone.media]
codecs = ["pcma"]
first_port = ${FIRST_PORT}
last_port = ${LAST_PORT}
[phone.sip]
max_calls = ${most}
[[phone.sip.listeners]]
transport = "udp"
address = "127.0.0.1:${sip}"
${peer}`,
  );
  let child;
  let ended;
  let printed = "";
  let startedIn;
  const start = async () => {
    const from = Date.now();
    const command = ["--cpu-list", String(core), binary, "--config", config, "serve"];
    child = spawn("taskset", command, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, RUNTIME_DIRECTORY: "" } });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (printed = (printed + bytes).slice(-100_000)));
    const started = child;
    ended = new Promise((done) => started.on("exit", done));
    await until("the appliance is ready", 300, async () => {
      if (started.exitCode !== null) throw new Error(`the appliance ended:\n${printed}`);
      return (await fetch(`http://127.0.0.1:${metrics}/readyz`).catch(() => undefined))?.ok;
    });
    startedIn = (Date.now() - from) / 1000;
  };
  const get = (path) => getJson(join(folder, "data", "admin.sock"), path);
  const readMetrics = async () => readMetricsOf(await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text());
  const proc = (file) => readFileSync(`/proc/${child.pid}/${file}`, "utf8");
  // Whatever happens to the bench, nothing of it stays.
  process.on("exit", () => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
  await start();
  return {
    sip: `127.0.0.1:${sip}`,
    pid: () => child.pid,
    complaints: () => printed.replace(/one-time password \S+/g, ""),
    get,
    metrics: readMetrics,
    // CPU-seconds that it has used so far.
    cpu() {
      const [user, system] = proc("stat").split(") ")[1].split(" ").slice(11, 13).map(Number);
      return (user + system) / TICKS;
    },
    memory: () => Number(proc("statm").split(" ")[1]) * PAGE_BYTES,
    descriptors: () => descriptors(child.pid).length,
    // UDP ports that it holds in the range of calls.
    mediaPorts: () => udpPorts(child.pid).filter((port) => port >= FIRST_PORT && port <= LAST_PORT).length,
    // What its database holds, read beside it: rows of columns.
    read(query) {
      const file = join(folder, "data", "database", "state_machine", "db", "store.db");
      const text = execFileSync("sqlite3", ["-readonly", "-separator", "\t", file, ".timeout 5000", query]).toString();
      return text.split("\n").filter(Boolean).map((line) => line.split("\t"));
    },
    calls: (last = 1000) => get(`/phone/calls?last=${last}`),
    call: (id) => get(`/phone/calls/${id}`),
    promptsReady: () =>
      until("the prompts are ready", 180, async () => {
        const { prompts } = await get("/phone");
        return prompts[0] === prompts[1];
      }),
    quiet: () => until("no call goes on", 60, async () => (await get("/phone")).standings.length === 0),
    startedIn: () => startedIn.toFixed(1),
    async killAndStart() {
      child.kill("SIGKILL");
      await ended;
      await start();
    },
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await ended;
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// Waits until `look` finds something, and returns that.
export async function until(what, seconds, look) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await pause(100);
  }
}

async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => new Promise((listening) => {
      const server = createServer().listen(0, "127.0.0.1", () => listening(server));
    })),
  );
  const ports = servers.map((server) => server.address().port);
  servers.forEach((server) => server.close());
  return ports;
}

function getJson(socketPath, path) {
  return new Promise((done, failed) => {
    const asked = request({ socketPath, path }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => {
        if (answer.statusCode === 200) done(JSON.parse(text));
        else failed(new Error(`${path}: ${answer.statusCode} ${text}`));
      });
    });
    asked.on("error", failed).end();
  });
}

// Metrics by name, those of several labels added up; the buckets of histograms as `name:bound`.
function readMetricsOf(text) {
  const found = {};
  for (const line of text.split("\n")) {
    const [, name, labels = "", value] = /^([a-z_0-9]+)(\{.*\})? (\S+)$/.exec(line) ?? [];
    if (!name) continue;
    const bound = /le="([^"]+)"/.exec(labels)?.[1];
    const key = bound ? `${name.replace(/_bucket$/, "")}:${bound}` : name;
    found[key] = (found[key] ?? 0) + Number(value);
  }
  return found;
}

// The UDP ports that a process holds.
function udpPorts(pid) {
  const lines = readFileSync("/proc/net/udp", "utf8").trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/));
  const ports = new Map(lines.map((columns) => [`socket:[${columns[9]}]`, parseInt(columns[1].split(":")[1], 16)]));
  return descriptors(pid).flatMap((descriptor) => ports.get(descriptor) ?? []);
}

function descriptors(pid) {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(join(folder, name))];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}
