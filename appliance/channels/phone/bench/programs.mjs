// The programs beside the appliance: the stand-in node, the callers' sound, sipp. They share the load's core.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const here = import.meta.dirname;
const LOAD_CORE = "0";
const onLoadCore = (command, words, options) => spawn("taskset", ["--cpu-list", LOAD_CORE, command, ...words], options);

// The stand-in node; see there for its options.
export async function startStandIn(options) {
  const child = onLoadCore(process.execPath, [join(here, "stand_in.mjs"), JSON.stringify(options)], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const url = (await lines.next()).value;
  return {
    url,
    spoken: async () => (await fetch(`${url}/spoken`)).json(),
    counts: async () => (await fetch(`${url}/counts`)).json(),
    stop: () => ended(child),
  };
}

// The callers' sound: `speech` is what each says over and over, as headerless A-law.
export async function startSound({ binary, calls, speech }) {
  const child = onLoadCore(binary, [String(calls), speech], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ports = (await lines.next()).value.split(" ").map(Number);
  const say = (line) => child.stdin.write(`${line}\n`);
  return {
    ports,
    begin: () => say("begin"),
    async end() {
      say("end");
      return JSON.parse((await lines.next()).value);
    },
    hangUp: () => say("hang-up"),
    stop: () => ended(child),
  };
}

function ended(child) {
  const done = new Promise((exited) => child.on("exit", exited));
  child.stdin.end();
  return done;
}

// Speech for callers: `parts` are texts, spoken by espeak-ng, and numbers, seconds of silence. Returns the file.
export function speech(folder, parts) {
  const files = parts.map((part, index) => {
    const file = join(folder, `part-${index}.wav`);
    if (typeof part === "number") sox(["-n", "-r", "8000", "-c", "1", "-b", "16", file, "trim", "0", String(part)]);
    else {
      execFileSync("espeak-ng", ["-v", "ro", "-s", "150", "-w", `${file}.raw.wav`, part]);
      sox([`${file}.raw.wav`, "-r", "8000", "-c", "1", "-b", "16", file]);
    }
    return file;
  });
  const file = join(folder, "speech.al");
  sox([...files, "-t", "al", file]);
  return file;
}

// A room in which nobody speaks: quiet noise, which costs a decoder and an ear as much as speech does.
export function room(folder, seconds = 10) {
  const file = join(folder, "room.al");
  sox(["-n", "-r", "8000", "-c", "1", "-t", "al", file, "synth", String(seconds), "whitenoise", "vol", "0.002"]);
  return file;
}

const sox = (words) => execFileSync("sox", ["-D", ...words]);

// Places calls by sipp. `callers` are rows for the scenario's fields; `rate`: new calls in a second; `atOnce`: the most at
// one time; `seconds`: how long each lasts. `done` tells what came of them.
export function placeCalls({ to, scenario, callers, calls = callers.length, rate, atOnce, seconds }) {
  const folder = mkdtempSync(join(tmpdir(), "sfetnic-sipp-"));
  const rows = join(folder, "callers.csv");
  writeFileSync(rows, `SEQUENTIAL\n${callers.map((fields) => fields.join(";")).join("\n")}\n`);
  const statistics = join(folder, "statistics.csv");
  const words = [to, "-sf", join(here, "scenarios", `${scenario}.xml`), "-inf", rows, "-i", "127.0.0.1", "-m", String(calls)];
  words.push("-r", String(rate), "-l", String(atOnce ?? calls), "-d", String(Math.round(seconds * 1000)), "-nostdin");
  words.push("-trace_stat", "-stf", statistics, "-fd", "1", "-trace_err", "-error_file", join(folder, "errors.log"));
  const began = Date.now();
  const child = onLoadCore("sipp", words, { cwd: folder, stdio: ["ignore", "ignore", "ignore"] });
  const done = new Promise((exited) => child.on("exit", exited)).then(() => {
    const [head, ...lines] = readFileSync(statistics, "utf8").trim().split("\n").map((line) => line.split(";"));
    const last = lines.at(-1);
    const of = (name) => last[head.indexOf(name)];
    const result = {
      wellDone: Number(of("SuccessfulCall(C)")),
      failed: Number(of("FailedCall(C)")),
      retransmissions: Number(of("Retransmissions(C)")),
      answeredInMs: milliseconds(of("ResponseTime1(C)")),
      seconds: (Date.now() - began) / 1000,
      errors: aborted(read(join(folder, "errors.log"))),
    };
    rmSync(folder, { recursive: true, force: true });
    return result;
  });
  return { done, stop: () => child.kill("SIGUSR1"), kill: () => child.kill("SIGKILL") };
}

// `00:00:01:023000`: hours, minutes, seconds, microseconds.
function milliseconds(text = "") {
  const [hours, minutes, seconds, micros] = text.split(":").map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + (micros || 0) / 1000;
}

// Why calls were given up: of each what was waited for, and the message that came, without the notes of the program's own load.
function aborted(log) {
  const found = log.match(/(Aborting|Call-Id: \S+, )[^]*?(?=\d{4}-\d\d-\d\d\t|$)/g) ?? [];
  return found.slice(0, 3).join("\n");
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
