// Calls at once, with sound both ways and the assistant speaking: what is lost, what jitters, what a call costs.
import { setTimeout as pause } from "node:timers/promises";
import { startAppliance } from "./appliance.mjs";
import { about, bench, binaries, callersAt, core, megabytes, milliseconds, number, readOptions, row, table } from "./common.mjs";
import { placeCalls, room, speech, startSound, startStandIn } from "./programs.mjs";

const options = readOptions({ calls: [50, 200, 500], heard: [50, 200], spoken: [50], seconds: 10, rate: 25, "set-ups": 1000 });
const { seconds, rate } = options;
// Callers settle for so long before it is measured.
const SETTLE_SECONDS = 3;
const QUESTION = "cât costă un pașaport simplu";
// A run in which more than one of fifty packets was sent late by the callers themselves is not counted, but tried again.
const LATE = 1 / 50;
const TRIES = 3;
// Set-ups under way at one time.
const AT_ONCE = 50;

// What is spoken from the shelf: a greeting longer than any measurement; the other prompts are short.
const SHELF = { slowly: ["asistent automat", 110], charactersPerSecond: 50 };
const KINDS = [
  { name: "prompts from the shelf", listens: "voice activity, keys", sizes: options.calls, node: SHELF, setsUp: true },
  { name: "prompts from the shelf", listens: "voice activity, keys, a node", sizes: options.heard, node: { ...SHELF, sentences: ["da"] } },
  { name: "answers, made as they are spoken", listens: "voice activity, keys, a node", sizes: options.spoken, node: { sentences: [QUESTION, "am pierdut permisul de conducere"] }, asks: true },
];

const COLUMNS = ["calls", "what is spoken", "what is heard goes to", "failed", "packets lost", "skipped by the appliance", "speaking", "callers' jitter p99 (RFC 3550)", "gap error p50 / p99 / longest gap", "sent late by the callers", "send delay p99 (own gauge)", "CPU of a core", "calls per core", "memory per call"];

await bench(async ({ folder, promise }) => {
  about(`Calls at once, sound both ways, the assistant speaking; measured for ${seconds} s. The appliance has one core, callers and stand-ins the other.`);
  table(COLUMNS, []);
  let setUps;
  for (const kind of KINDS.filter(({ sizes }) => sizes.length > 0)) {
    const node = await startStandIn(kind.node);
    const appliance = await startAppliance({ binary: binaries.appliance, core, node: node.url });
    await appliance.promptsReady();
    const said = kind.asks ? speech(folder, [1, QUESTION, 9]) : room(folder);
    for (const calls of kind.sizes) {
      for (let tried = 1; ; tried++) {
        const run = await measure({ appliance, node, calls, kind, said });
        row(run.cells);
        if (run.inTime) run.broken.forEach((what) => promise(false, what));
        else if (tried < TRIES) continue;
        else promise(false, `${calls} calls: the machine was too busy for the callers themselves`);
        break;
      }
    }
    if (kind.setsUp && options["set-ups"] > 0) setUps = await setUp({ appliance, promise });
    await appliance.stop();
    await node.stop();
  }
  if (setUps) console.log(`\nSet-ups, ${AT_ONCE} under way at once: ${setUps}`);
});

async function setUp({ appliance, promise }) {
  const calls = options["set-ups"];
  const callers = Array.from({ length: AT_ONCE }, (_, index) => [9, number(index)]);
  const cpu = appliance.cpu();
  const placed = await placeCalls({ to: appliance.sip, scenario: "call", callers, calls, rate: 1000, atOnce: AT_ONCE, seconds: 0 }).done;
  const spent = appliance.cpu() - cpu;
  promise(placed.failed === 0 && placed.wellDone === calls, `set-ups: ${placed.failed} failed. ${appliance.complaints().slice(-500)} ${placed.errors}`);
  return `${(calls / placed.seconds).toFixed(0)} calls/s, answered after ${placed.answeredInMs.toFixed(0)} ms on average, ${((spent / calls) * 1000).toFixed(1)} CPU-ms each, ${placed.failed} failed, ${placed.retransmissions} messages sent again.`;
}

async function measure({ appliance, node, calls, kind, said }) {
  const before = appliance.memory();
  const sound = await startSound({ binary: binaries.sound, calls, speech: said });
  const placing = placeCalls({ to: appliance.sip, scenario: "call", callers: callersAt(sound.ports), rate, seconds: calls / rate + 2 * SETTLE_SECONDS + seconds + 7 });
  await pause((calls / rate + SETTLE_SECONDS) * 1000);
  const standing = (await appliance.get("/phone")).standings.length;
  const listening = (await node.counts()).listening;
  const skippedBefore = (await appliance.metrics()).sfetnic_phone_packets_skipped_total ?? 0;
  const cpu = appliance.cpu();
  const from = performance.now();
  sound.begin();
  await pause(seconds * 1000);
  const heard = await sound.end();
  const spent = (appliance.cpu() - cpu) / ((performance.now() - from) / 1000);
  const memory = (appliance.memory() - before) / calls;
  // The appliance tells its figures every five seconds.
  await pause(5000);
  const metrics = await appliance.metrics();
  const skipped = (metrics.sfetnic_phone_packets_skipped_total ?? 0) - skippedBefore;
  const placed = await placing.done;
  await appliance.quiet();
  await sound.stop();
  const otherwise = (await appliance.calls(calls)).filter((call) => call.ended?.how !== "caller_hung_up").map((call) => `${call.id} ended as ${call.ended?.how}`);
  const listens = kind.node.sentences !== undefined;
  const inTime = heard.sent_late <= heard.sent * LATE;
  const broken = [];
  const promise = (kept, what) => kept || broken.push(what);
  const what = `${calls} calls, ${kind.name}${listens ? ", heard by a node" : ""}`;
  promise(placed.failed === 0 && placed.wellDone === calls, `${what}: ${placed.failed} failed. ${otherwise} ${placed.errors}`);
  promise(standing === calls, `${what}: ${standing} stood`);
  promise(heard.streams === calls && heard.silent === 0, `${what}: ${heard.streams - heard.silent} were heard`);
  promise(heard.lost === 0, `${what}: ${heard.lost} packets lost`);
  promise(!listens || listening === calls, `${what}: the node listened to ${listening}`);
  const cells = [
    calls,
    kind.name,
    kind.listens,
    placed.failed,
    `${heard.lost} of ${heard.received + heard.lost}`,
    skipped,
    `${((heard.audible / heard.received) * 100).toFixed(0)} %`,
    `${heard.jitter_p99.toFixed(1)} ms`,
    `${heard.change_p50} / ${heard.change_p99} / ${heard.longest_gap} ms`,
    `${((heard.sent_late / heard.sent) * 100).toFixed(1)} %${inTime ? "" : ": not counted"}`,
    milliseconds(metrics.sfetnic_phone_send_delay_p99_seconds ?? 0),
    `${(spent * 100).toFixed(0)} %`,
    Math.round(calls / spent),
    megabytes(memory),
  ];
  return { cells, broken, inTime };
}
