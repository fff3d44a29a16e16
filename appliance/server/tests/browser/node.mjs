// A real inference node for browser tests, and one that only plays hearing: no model that hears can be had everywhere.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePort } from "./appliance.mjs";

const target = resolve(process.env.CARGO_TARGET_DIR ?? "target");
const binary = process.env.INFERENCE_NODE ?? join(target, "debug", "inference-node");

// Speaks by its embedded voices.
export async function startNode() {
  if (!existsSync(binary)) {
    throw new Error(`${binary} is missing; build it: cargo build -p node --no-default-features --features espeak`);
  }
  const folder = mkdtempSync(join(tmpdir(), "sfetnic-node-"));
  const port = await freePort();
  const child = spawn(binary, ["serve"], {
    env: {
      ...process.env,
      SFETNIC_NODE_DATA__FOLDER: folder,
      SFETNIC_NODE_HTTP__LISTEN: `127.0.0.1:${port}`,
      SFETNIC_NODE_LOG__FILTER: "warn",
    },
    stdio: "ignore",
  });
  const ended = new Promise((done) => child.on("exit", done));
  return {
    url: `http://127.0.0.1:${port}`,
    keyFile: join(folder, "api-key"),
    async stop() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// Understands `words` whatever is said, and keeps the recordings that it was sent.
export async function startEar(words) {
  const folder = mkdtempSync(join(tmpdir(), "sfetnic-ear-"));
  const keyFile = join(folder, "api-key");
  writeFileSync(keyFile, "sfn-ear\n");
  const model = { id: "ear", slots: 4, state: "ready" };
  const description = {
    name: "ear", version: "1", engines: ["whisper"], cpu: { threads: 1, memory_bytes: 1 },
    gpus: { source: "script", taken_unix_ms: 0, revision: 0, driver: { state: "released" }, gpus: [] },
    models: [{ ...model, task: "transcription", engine: "whisper", languages: ["ro"], vram_bytes: 0 }],
  };
  const beat = { node: "ear", incarnation: 1, sequence: 1, health: "ok", gpus: [], models: [{ ...model, active: 0, queued: 0, streams: 0 }] };
  const recordings = [];
  const server = createServer(async (request, response) => {
    if (request.url === "/v1/node") {
      response.setHeader("content-type", "application/json").end(JSON.stringify(description));
    } else if (request.url === "/v1/node/heartbeat") {
      response.setHeader("content-type", "text/event-stream");
      const beats = setInterval(() => response.write(`event: heartbeat\ndata: ${JSON.stringify(beat)}\n\n`), 100);
      response.on("close", () => clearInterval(beats));
    } else {
      const parts = [];
      for await (const part of request) parts.push(part);
      const body = Buffer.concat(parts);
      recordings.push(body.subarray(body.indexOf("RIFF")));
      const text = typeof words === "function" ? words() : words;
      response.setHeader("content-type", "application/json").end(JSON.stringify({ text, language: "romanian" }));
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    keyFile,
    recordings,
    stop() {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// What is in a WAV: its rate, seconds, and how loud it is (root mean square of 16-bit samples).
export function measure(wav) {
  const rate = wav.readUInt32LE(24);
  const start = wav.indexOf("data") + 8;
  const announced = wav.readUInt32LE(start - 4);
  const length = Math.min(announced, wav.length - start);
  const count = Math.floor(length / 2);
  let sum = 0;
  for (let index = 0; index < count; index++) sum += wav.readInt16LE(start + index * 2) ** 2;
  return { channels: wav.readUInt16LE(22), rate, seconds: count / rate, loudness: Math.sqrt(sum / Math.max(1, count)) };
}

// The same sound as a file with a true length, followed by silence.
export function asFile(wav, silentSeconds) {
  const rate = wav.readUInt32LE(24);
  const start = wav.indexOf("data") + 8;
  const sound = Buffer.concat([wav.subarray(start), Buffer.alloc(rate * 2 * silentSeconds)]);
  const head = Buffer.from(wav.subarray(0, start));
  head.writeUInt32LE(head.length - 8 + sound.length, 4);
  head.writeUInt32LE(sound.length, start - 4);
  return Buffer.concat([head, sound]);
}
