// A real inference node for browser tests, which speaks and hears, and an ear on the line between it and the appliance.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePort } from "./appliance.mjs";
import { ended, tie } from "./children.mjs";

const target = resolve(process.env.CARGO_TARGET_DIR ?? "target");
const binary = process.env.INFERENCE_NODE ?? join(target, "debug", "inference-node");

// The small models that `make models-test` makes.
const smallModels = process.env.SMALL_MODELS ?? join(homedir(), ".cache", "sfetnic", "small-models");

// Speaks by its embedded voices, hears by the small speech model; without models it only speaks.
export async function startNode(models = ["tiny-whisper", "tiny-vad"]) {
  for (const [needed, how] of [[binary, "cargo build --package node"], [join(smallModels, "tiny-whisper"), "make models-test"]]) {
    if (!existsSync(needed)) throw new Error(`${needed} is missing; make it: ${how}`);
  }
  const folder = mkdtempSync(join(tmpdir(), "sfetnic-node-"));
  const port = await freePort();
  const env = {
    ...process.env,
    SFETNIC_NODE_DATA__FOLDER: folder,
    SFETNIC_NODE_HTTP__LISTEN: `127.0.0.1:${port}`,
    SFETNIC_NODE_LOG__FILTER: "warn",
  };
  for (const model of models) {
    execFileSync(binary, ["models", "import", join(smallModels, model)], { env, stdio: ["ignore", "ignore", "inherit"] });
  }
  const child = tie(spawn(binary, ["serve"], { env, stdio: "ignore" }));
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    keyFile: join(folder, "api-key"),
    // It stands still, as if its machine did.
    pause() {
      child.kill("SIGSTOP");
    },
    goOn() {
      child.kill("SIGCONT");
    },
    async stop() {
      child.kill("SIGTERM");
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// Passes everything on to `node` and keeps the recordings that it is sent.
export async function listenIn(node) {
  const recordings = [];
  const server = createServer((asked, answer) => {
    const { method, url: path, headers } = asked;
    const onward = request({ host: "127.0.0.1", port: node.port, method, path, headers }, (reply) => {
      answer.writeHead(reply.statusCode, reply.headers);
      reply.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    answer.on("close", () => onward.destroy());
    if (path === "/v1/audio/transcriptions") {
      const parts = [];
      asked.on("data", (part) => parts.push(part));
      asked.on("end", () => {
        const body = Buffer.concat(parts);
        recordings.push(body.subarray(body.indexOf("RIFF")));
      });
    }
    asked.pipe(onward);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    recordings,
    stop() {
      server.closeAllConnections();
      server.close();
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
