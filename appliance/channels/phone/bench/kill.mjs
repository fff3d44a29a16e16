// The server is killed in the middle of calls and started again: what callers were told before is there, and who rings again
// finds his case.
import { setTimeout as pause } from "node:timers/promises";
import { startAppliance } from "./appliance.mjs";
import { about, bench, binaries, callersAt, core, readOptions, table } from "./common.mjs";
import { placeCalls, speech, startSound, startStandIn } from "./programs.mjs";

const { calls, rate, after } = readOptions({ calls: 50, rate: 5, after: 24 });
const QUESTION = "cât costă un pașaport simplu";

await bench(async ({ folder, promise }) => {
  const node = await startStandIn({ charactersPerSecond: 60, sentences: [QUESTION] });
  const appliance = await startAppliance({ binary: binaries.appliance, core, node: node.url, trusted: true });
  await appliance.promptsReady();
  const sound = await startSound({ binary: binaries.sound, calls, speech: speech(folder, [4, QUESTION, 120]) });
  const callers = callersAt(sound.ports);
  const placing = placeCalls({ to: appliance.sip, scenario: "promised", callers, rate, seconds: 60 });
  await pause(after * 1000);
  const standing = (await appliance.get("/phone")).standings.length;
  // What was told until now: turns by the server's own interface, promises by its database, references by what was spoken.
  const before = { turns: await everyTurn(appliance), promises: promises(appliance), spoken: references(await node.spoken()) };
  await appliance.killAndStart();
  placing.kill();
  await placing.done;
  sound.hangUp();
  const open = new Set(appliance.read("SELECT reference FROM cases WHERE open = 1").map(([reference]) => reference));
  const lost = {
    turns: missing(before.turns, await everyTurn(appliance)),
    promises: missing(before.promises, promises(appliance)),
    spoken: missing(before.spoken, open),
  };
  const ended = (await appliance.calls()).filter((call) => call.ended?.how === "server_lost").length;
  // The same callers once more: each whose case stands is told of it.
  const cases = new Set([...promises(appliance)].map((promise) => promise.split(" ")[0]));
  const known = (await node.spoken()).length;
  const again = await placeCalls({ to: appliance.sip, scenario: "call", callers, rate, seconds: 12 }).done;
  const found = references((await node.spoken()).slice(known).filter((text) => text.startsWith("Aveți un caz deschis")));
  lost.found = missing(cases, found);
  await appliance.stop();
  await sound.stop();
  await node.stop();
  promise(standing === calls, `${standing} of ${calls} calls stood when the server was killed`);
  promise(before.spoken.size > 0 && before.turns.size >= calls, "too little was told before the server was killed");
  promise(ended === standing, `${ended} of ${standing} calls are noted as lost with the server`);
  promise(again.failed === 0, `${again.failed} who rang again failed. ${again.errors}`);
  for (const [what, gone] of Object.entries(lost)) promise(gone.length === 0, `${what}: ${gone.length} lost: ${gone.slice(0, 3)}`);
  about(`kill -9 while ${standing} calls stood, each of which asks a question and then for a person; ready again after ${appliance.startedIn()} s on the same folder.`);
  table(
    ["what was told before, or is looked for after", "how many", "lost"],
    [
      ["turns of callers and assistant", before.turns.size, lost.turns.length],
      ["promises to ring back", before.promises.size, lost.promises.length],
      ["references spoken to callers, each an open case", before.spoken.size, lost.spoken.length],
      ["callers who ring again and are told of their open case", cases.size, lost.found.length],
    ],
  );
});

function promises(appliance) {
  const rows = appliance.read("SELECT c.reference, b.number FROM call_backs b JOIN cases c ON c.id = b.case_id");
  return new Set(rows.map((row) => row.join(" ")));
}

function missing(wanted, there) {
  return [...wanted].filter((one) => !there.has(one));
}

// The references in texts that were spoken, where they are dictated digit by digit.
function references(texts) {
  const digits = ["zero", "unu", "doi", "trei", "patru", "cinci", "șase", "șapte", "opt", "nouă"];
  const found = texts.map((text) => (text.match(/\p{L}+/gu) ?? []).map((word) => digits.indexOf(word)).filter((digit) => digit >= 0).join(""));
  return new Set(found.filter((reference) => reference.length === 9));
}

async function everyTurn(appliance) {
  const found = new Set();
  for (const { id } of await appliance.calls()) {
    for (const turn of (await appliance.call(id)).turns) found.add(`${id} ${turn.number} ${turn.by} ${turn.text}`);
  }
  return found;
}
