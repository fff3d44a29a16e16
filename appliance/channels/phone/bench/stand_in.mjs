// An inference node that computes nothing: it speaks hiss and hears what it was told to, each after a fixed delay, so that
// what a call takes beyond these delays is the appliance's own.
//
// A process of its own, led by one argument of JSON; says its address first.
import { createServer } from "node:http";
import { webSocket } from "./web_socket.mjs";

const given = JSON.parse(process.argv[2] ?? "{}");
const options = {
  // Milliseconds until the first sound of a text, and from the end of a sentence to its words.
  speaks: 40,
  hears: 60,
  // How fast it speaks, and how many seconds it takes for any text with these words, where there are such.
  charactersPerSecond: 14,
  slowly: ["", 0],
  // What callers say, one sentence after the other; none: it does not hear.
  sentences: [],
  ...given,
};

// A sample louder than this is voice.
const VOICE = 600;
// A sentence must be so long, and what is between two of them.
const LEAST_VOICE_MS = 60;
const HEARTBEAT_MS = 200;

const models = [{ id: "voice", task: "speech", engine: "piper", languages: ["ro", "hu", "en"], state: "ready", slots: 512, sample_rate: 8000, vram_bytes: 0 }];
if (options.sentences.length > 0) {
  models.push({ id: "ear", task: "transcription", engine: "whisper", languages: ["ro", "hu", "en"], state: "ready", slots: 512, vram_bytes: 0 });
}
const driver = { state: "missing", kind: "library-missing", detail: "a stand-in", advice: "" };
const node = {
  name: "stand-in",
  version: "0.0.0",
  engines: ["piper", "whisper"],
  cpu: { threads: 1, memory_bytes: 1_000_000_000 },
  gpus: { source: "nvml", taken_unix_ms: Date.now(), revision: 1, driver, gpus: [] },
  models,
};
// What was spoken to whoever holds a telephone.
const spoken = [];
const counts = { said: 0, heard: 0, listening: 0 };

const server = createServer((asked, answer) => {
  if (asked.url === "/v1/node") return json(answer, node);
  if (asked.url === "/v1/node/heartbeat") return beat(answer);
  if (asked.url === "/counts") return json(answer, counts);
  if (asked.url === "/spoken") return json(answer, spoken);
  if (asked.url === "/v1/audio/speech") return void speak(asked, answer);
  answer.writeHead(404).end();
});
server.on("upgrade", (asked, socket) => hear(webSocket(asked, socket), new URL(asked.url, "http://node").searchParams));
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
process.stdin.on("end", () => process.exit()).resume();

function json(answer, value) {
  answer.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function beat(answer) {
  answer.writeHead(200, { "content-type": "text/event-stream" });
  let sequence = 0;
  const tell = () => {
    const load = ({ id, task }) => {
      const streams = task === "transcription" ? { streams: counts.listening, stream_slots: 1024 } : { streams: 0, stream_slots: 0 };
      return { id, state: "ready", active: 0, queued: 0, slots: 512, ...streams };
    };
    const heartbeat = { node: node.name, incarnation: 1, sequence: ++sequence, health: "ok", models: models.map(load), gpus: [] };
    answer.write(`event: heartbeat\ndata: ${JSON.stringify(heartbeat)}\n\n`);
  };
  tell();
  const timer = setInterval(tell, HEARTBEAT_MS);
  answer.on("close", () => clearInterval(timer));
}

async function speak(asked, answer) {
  const parts = [];
  for await (const part of asked) parts.push(part);
  const { input, sample_rate: rate, speed = 1 } = JSON.parse(Buffer.concat(parts));
  counts.said++;
  const [words, long] = options.slowly;
  const seconds = words && input.includes(words) ? long : input.length / options.charactersPerSecond / speed;
  const sound = () => answer.writeHead(200, { "content-type": `audio/pcm; rate=${rate}` }).end(hiss(Math.ceil(rate * seconds)));
  // What is made ahead has nobody waiting for it.
  if (asked.headers["x-sfetnic-class"] !== "voice") return sound();
  spoken.push(input);
  setTimeout(sound, options.speaks);
}

// Noise as loud as a voice, some seconds of it over and over; the same for all.
function hiss(samples) {
  const whole = Array(Math.floor(samples / noise.length)).fill(noise);
  return Buffer.concat([...whole, noise.subarray(0, samples % noise.length)].map(bytesOf));
}
const noise = Int16Array.from({ length: 65_536 }, () => (Math.random() - 0.5) * 8_000);
function bytesOf(part) {
  return new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
}

// One call's ear.
function hear(socket, query) {
  const rate = Number(query.get("rate") ?? 8000);
  const milliseconds = (samples) => Math.round((samples * 1000) / rate);
  const tell = (event) => socket.send(JSON.stringify(event));
  let pause = 300;
  let samples = 0;
  let voice = 0;
  let silence = 0;
  let turn;
  let turns = 0;
  counts.listening++;
  tell({ type: "session.created", session: { id: `session-${Math.random()}` } });
  socket.onText = (text) => {
    const event = JSON.parse(text);
    // All was sent; what was said of a sentence that did not end is let be.
    if (event.type === "input_audio_buffer.commit") return socket.close();
    if (event.type !== "session.update") return;
    pause = event.session?.turn_detection?.silence_duration_ms ?? pause;
    tell({ type: "session.updated", session: { id: "session" } });
  };
  socket.onBytes = (bytes) => {
    const length = bytes.length >> 1;
    samples += length;
    let loud = 0;
    for (let at = 0; at + 1 < bytes.length; at += 2) if (Math.abs(bytes.readInt16LE(at)) > VOICE) loud++;
    if (loud * 20 > length) {
      voice += length;
      silence = 0;
      if (!turn && milliseconds(voice) >= LEAST_VOICE_MS) {
        turn = { item_id: `item-${++turns}`, sentence: options.sentences[turns % options.sentences.length] };
        tell({ type: "input_audio_buffer.speech_started", item_id: turn.item_id, audio_start_ms: milliseconds(samples - voice) });
      }
      if (turn && !turn.told && milliseconds(voice) > 300) {
        turn.told = turn.sentence.split(" ").slice(0, 2).join(" ");
        tell({ type: "conversation.item.input_audio_transcription.delta", item_id: turn.item_id, delta: turn.told, unstable: "" });
      }
    } else {
      silence += length;
      if (!turn && milliseconds(silence) > pause) voice = 0;
      if (turn && milliseconds(silence) >= pause) {
        const { item_id, sentence } = turn;
        tell({ type: "input_audio_buffer.speech_stopped", item_id, audio_end_ms: milliseconds(samples - silence) });
        const completed = { type: "conversation.item.input_audio_transcription.completed", item_id, transcript: sentence, language: "ro", confidence: 0.95 };
        setTimeout(() => tell(completed), options.hears);
        counts.heard++;
        [turn, voice] = [undefined, 0];
      }
    }
  };
  socket.onClose = () => counts.listening--;
}
