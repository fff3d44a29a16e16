// What the parts of the bench share: their options, their callers, their tables.
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const target = resolve(process.env.CARGO_TARGET_DIR ?? "target", "release");
export const binaries = {
  appliance: process.env.APPLIANCE ?? join(target, "appliance"),
  sound: process.env.CALL_LOAD ?? join(target, "examples", "call_load"),
};
// The load has the first core, what is measured the last.
export const core = process.env.BENCH_CORE ?? "1";

// `--name value` by their defaults; a default that is a list takes a list with commas, one that is a number a number.
export function readOptions(defaults) {
  const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: "string" }]));
  const { values } = parseArgs({ options, strict: true });
  const read = (text, like) => (Array.isArray(like) ? text.split(",").filter(Boolean).map(Number) : typeof like === "number" ? Number(text) : text);
  return Object.fromEntries(Object.entries(defaults).map(([name, like]) => [name, name in values ? read(values[name], like) : like]));
}

// Callers with a port for their sound and a number of their own.
export const callersAt = (ports) => ports.map((port, index) => [port, number(index)]);
export const number = (index) => `+407${String(10_000_000 + index)}`;

export function table(columns, rows) {
  for (const cells of [columns, columns.map(() => "---"), ...rows]) row(cells);
}

export function row(cells) {
  console.log(`| ${cells.join(" | ")} |`);
}

export const milliseconds = (seconds) => `${(seconds * 1000).toFixed(1)} ms`;
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
export const about = (text) => console.log(`\n${text} Load average ${loadavg()[0].toFixed(1)}.\n`);

// The value that a part of them does not exceed.
export function part(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}

// The bound, in milliseconds, below which a part of what a histogram counted between two readings lies.
export function below(name, share, before, after) {
  const buckets = Object.keys(after).filter((key) => key.startsWith(`${name}:`)).map((key) => [Number(key.split(":")[1].replace("+Inf", "Infinity")), after[key] - (before[key] ?? 0)]);
  buckets.sort((a, b) => a[0] - b[0]);
  const all = buckets.at(-1)?.[1] ?? 0;
  const found = buckets.find(([, count]) => count >= all * share);
  return all > 0 ? found[0] * 1000 : undefined;
}

// Runs with a folder of its own; broken promises are printed and make the program fail.
export async function bench(run) {
  const folder = mkdtempSync(join(tmpdir(), "sfetnic-bench-sound-"));
  const broken = [];
  try {
    await run({ folder, promise: (kept, what) => kept || broken.push(what) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const what of broken) console.log(`\nBroken: ${what}`);
  process.exitCode = broken.length > 0 ? 1 : 0;
}
