// A real soft phone, baresip, led over its control socket: it dials or is rung, says what espeak-ng speaks for it, presses
// keys, and keeps what it hears.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { freePort } from "../browser/appliance.mjs";
import { ended, tie } from "../browser/children.mjs";

// After what it says it is silent for so long, on the wire as well.
const SILENCE_SECONDS = 600;
const RATE = 8000;
// How sox writes samples without a head.
const RAW = ["-r", String(RATE), "-c", "1", "-b", "16", "-e", "signed", "-t", "raw"];
const VOICES = { ro: "ro", hu: "hu", en: "en-gb" };

// `user`: as whom it calls; `account`: more parameters of its account line, such as a password; `codecs`: what it offers.
// `registrar` and `password`: where it registers, to be rung there.
export async function startBaresip({ folder, user = "0721000000", host = "127.0.0.1", registrar, password, account = "", codecs = "PCMA", answer = false, config = "" }) {
  mkdirSync(folder, { recursive: true });
  const control = await freePort();
  const sip = await freePair();
  const silence = join(folder, "silence.wav");
  writeWav(silence, []);
  writeFileSync(
    join(folder, "config"),
    `sip_listen 127.0.0.1:${sip}
audio_source aufile,${silence}
audio_player aubridge,nobody
audio_alert aubridge,nobody
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_buffer 20-160
ctrl_tcp_listen 127.0.0.1:${control}
rtp_timeout 60
module_path /usr/lib/baresip/modules
module g711.so
module g722.so
module srtp.so
module aufile.so
module aubridge.so
module uuid.so
module sndfile.so
snd_path ${folder}
module account.so
module menu.so
module ctrl_tcp.so
${config}
`,
  );
  const mode = answer ? "auto" : "manual";
  const registers = registrar ? `regint=60;auth_pass=${password}` : "regint=0";
  const line = `<sip:${user}@${registrar ?? host}>;audio_codecs=${codecs};answermode=${mode};${registers};${account}`;
  writeFileSync(join(folder, "accounts"), `${line}\n`);
  writeFileSync(join(folder, "contacts"), "");
  const child = tie(spawn("baresip", ["-f", folder], { stdio: ["ignore", "pipe", "pipe"] }));
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (printed = (printed + bytes).slice(-20_000)));
  const socket = await connected(control, () => printed);
  socket.unref();
  const events = [];
  const waiting = new Set();
  netstrings(socket, (text) => {
    const message = JSON.parse(text);
    if (!message.event) return;
    events.push(message);
    for (const look of waiting) look();
  });
  let token = 0;
  let spoken = 0;
  const command = (name, params = "") => {
    const text = JSON.stringify({ command: name, params, token: String(++token) });
    socket.write(`${Buffer.byteLength(text)}:${text},`);
  };
  return {
    // Where it is rung without a registrar.
    address: `127.0.0.1:${sip}`,
    // The file with what was heard, once the call is over.
    heard() {
      const [dump] = this.heardAll();
      if (!dump) throw new Error(`nothing was heard:\n${printed}`);
      return dump;
    },
    // Those of every call so far.
    heardAll: () =>
      readdirSync(folder)
        .filter((name) => name.startsWith("dump") && name.endsWith("dec.wav"))
        .map((name) => join(folder, name)),
    printed: () => printed,
    events,
    dial: (uri) => command("dial", uri),
    hangUp: () => command("hangup"),
    accept: () => command("accept"),
    // Sends whom it speaks with to another, without asking him first (REFER).
    sendOn: (uri) => command("transfer", uri),
    keys(digits) {
      for (const digit of digits) command("sndcode", digit);
    },
    // Says a text; returns how many seconds that takes.
    say(text, language = "ro") {
      const file = join(folder, `said-${++spoken}`);
      execFileSync("espeak-ng", ["-v", VOICES[language], "-s", "150", "-w", `${file}.raw.wav`, text]);
      const speech = execFileSync("sox", [`${file}.raw.wav`, ...RAW, "-"]);
      writeWav(`${file}.wav`, [Buffer.alloc(RATE / 5), speech]);
      command("ausrc", `aufile,${file}.wav`);
      return speech.length / 2 / RATE;
    },
    // Sounds one tone, until something else is said; at 0 Hz it is silent.
    tone(hertz) {
      const file = join(folder, `tone-${hertz}.wav`);
      // After a second every whole pitch begins anew.
      const second = hertz ? execFileSync("sox", ["-n", ...RAW, "-", "synth", "1", "sine", String(hertz), "vol", "0.1"]) : Buffer.alloc(0);
      writeWav(file, Array(hertz ? SILENCE_SECONDS : 0).fill(second));
      command("ausrc", `aufile,${file}`);
    },
    // The next event of a kind that was not waited for before, or has already come.
    async event(type, seconds = 30) {
      const found = () => {
        const index = events.findIndex((event) => event.type === type && !event.seen);
        if (index >= 0) events[index].seen = true;
        return index >= 0 ? events[index] : undefined;
      };
      const early = found();
      if (early) return early;
      return await new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`no ${type} within ${seconds} s; there were ${events.map((event) => event.type)}\n${printed}`));
        }, seconds * 1000);
        const look = () => {
          const event = found();
          if (!event) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(event);
        };
        waiting.add(look);
      });
    },
    async stop() {
      command("quit");
      const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
      await ended(child);
      clearTimeout(timer);
      socket.destroy();
    },
  };
}

// A port that is free and whose next one is, which baresip takes for TLS.
async function freePair() {
  for (;;) {
    const port = await freePort();
    const server = createServer();
    const free = await new Promise((known) => {
      server.once("error", () => known(false));
      server.listen(port + 1, "127.0.0.1", () => server.close(() => known(true)));
    });
    if (free) return port;
  }
}

// These samples, and silence behind them: baresip hangs up where its file ends.
function writeWav(file, pieces) {
  const sound = Buffer.concat([...pieces, Buffer.alloc(2 * RATE * SILENCE_SECONDS)]);
  const head = Buffer.alloc(44);
  head.write("RIFF");
  head.writeUInt32LE(36 + sound.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  for (const [at, value] of [[20, 1], [22, 1], [32, 2], [34, 16]]) head.writeUInt16LE(value, at);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(2 * RATE, 28);
  head.write("data", 36);
  head.writeUInt32LE(sound.length, 40);
  writeFileSync(file, Buffer.concat([head, sound]));
}

async function connected(port, printed) {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const done = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    if (done) return socket;
    if (Date.now() > deadline) throw new Error(`baresip did not start:\n${printed()}`);
    await new Promise((later) => setTimeout(later, 50));
  }
}

// Calls `take` with each netstring (`5:hello,`) that arrives.
function netstrings(socket, take) {
  let rest = Buffer.alloc(0);
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const colon = rest.indexOf(":");
      if (colon < 0) return;
      const length = Number(rest.subarray(0, colon));
      if (rest.length < colon + 1 + length + 1) return;
      take(rest.subarray(colon + 1, colon + 1 + length).toString());
      rest = rest.subarray(colon + 1 + length + 1);
    }
  });
}
