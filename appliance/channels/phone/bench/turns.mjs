// Calls in which the callers ask, are answered and interrupt: what the appliance adds to the delays of speech and language,
// and how soon it is silent.
import { setTimeout as pause } from "node:timers/promises";
import { startAppliance } from "./appliance.mjs";
import { about, below, bench, binaries, callersAt, core, part, readOptions, table } from "./common.mjs";
import { placeCalls, speech, startSound, startStandIn } from "./programs.mjs";

const { calls: sizes, seconds, rate, speaks, hears } = readOptions({ calls: [10, 50], seconds: 60, rate: 5, speaks: 40, hears: 60 });
const QUESTION = "cât costă un pașaport simplu";
// What the node understands, one after the other, whatever was said.
const SENTENCES = [QUESTION, "ce acte îmi trebuie pentru cartea de identitate", "am pierdut permisul de conducere", "cum depun o petiție", "până când plătesc impozitul pe casă"];
// The next question comes in the middle of the answer.
const BETWEEN_SECONDS = 7;
const TARGETS = { overhead: [30, 80], silent: 40 };

await bench(async ({ folder, promise }) => {
  const node = await startStandIn({ speaks, hears, sentences: SENTENCES });
  const appliance = await startAppliance({ binary: binaries.appliance, core, node: node.url, trusted: true });
  await appliance.promptsReady();
  const said = speech(folder, [1, QUESTION, BETWEEN_SECONDS]);
  const rows = [];
  for (const calls of sizes) {
    const known = new Set((await appliance.calls()).map((call) => call.id));
    const before = await appliance.metrics();
    const sound = await startSound({ binary: binaries.sound, calls, speech: said });
    const placed = await placeCalls({ to: appliance.sip, scenario: "call", callers: callersAt(sound.ports), rate, seconds }).done;
    await appliance.quiet();
    // The ends are written beside the calls.
    await pause(1000);
    await sound.stop();
    promise(placed.failed === 0, `${calls} calls: ${placed.failed} failed. ${placed.errors}`);
    const ended = (await appliance.calls()).filter((call) => !known.has(call.id));
    const turns = ended.flatMap((call) => call.timings ?? []);
    const whole = turns.filter((turn) => turn.decided_ms !== null && turn.sound_ms !== null);
    const overheads = whole.map(overhead);
    const silenced = turns.map((turn) => turn.silenced_ms).filter((value) => value !== null && value !== undefined);
    const answers = whole.filter((turn) => turn.answer_ms !== null).map((turn) => turn.answer_ms - Math.max(turn.decided_ms, turn.words_ms ?? 0));
    const after = await appliance.metrics();
    const decided = (share) => below("sfetnic_phone_interruption_decided_seconds", share, before, after);
    promise(overheads.length > calls, `${calls} calls: only ${overheads.length} answers were heard`);
    const met = part(overheads, 0.5) <= TARGETS.overhead[0] && part(overheads, 0.99) <= TARGETS.overhead[1] && part(silenced, 0.99) <= TARGETS.silent;
    rows.push([
      calls,
      `${overheads.length} of ${turns.length}`,
      `${part(overheads, 0.5)} / ${part(overheads, 0.9)} / ${part(overheads, 0.99)} ms`,
      `${part(answers, 0.5)} / ${part(answers, 0.99)} ms`,
      silenced.length,
      `${part(silenced, 0.5)} / ${part(silenced, 0.99)} ms`,
      `≤ ${decided(0.5)} / ≤ ${decided(0.99)} ms`,
      Math.round((after.sfetnic_phone_false_interruptions_total ?? 0) - (before.sfetnic_phone_false_interruptions_total ?? 0)),
      met ? "yes" : "no",
    ]);
  }
  await appliance.stop();
  await node.stop();
  about(`Turns: each caller asks every ${BETWEEN_SECONDS + 3} s or so, most into the answer before. The stand-in node writes down ${hears} ms after a sentence's end and speaks ${speaks} ms after a text came; both are taken off.`);
  table(
    ["calls", "answers heard", "turn overhead p50 / p90 / p99 (targets 30, 80)", "of it until the answer's words p50 / p99", "interruptions", "from the decision to the last packet p50 / p99 (target 40)", "to decide p50 / p99", "pauses for nothing", "targets met"],
    rows,
  );
});

// From the decision that the caller has finished to the first packet of the answer, less what the stand-in waited: all that
// it waits to speak, and of what it waits to hear the part that came after the decision.
function overhead({ decided_ms: decided, words_ms: words, sound_ms: sound }) {
  const heardAfter = words === null ? 0 : Math.min(hears, Math.max(0, words - decided));
  return sound - decided - speaks - heardAfter;
}
