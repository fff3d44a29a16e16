// Callers are understood, answered and spoken to in their language, Hungarian and English as Romanian; words that nobody could
// make sense of are asked about, and never answered.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startNode } from "../browser/node.mjs";
import { startBaresip } from "./baresip.mjs";
import { prompt, signedIn } from "./staff.mjs";
import { startTelephone } from "./telephone.mjs";

let folder, node, appliance, staff;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sfetnic-languages-"));
  node = await startNode();
  appliance = await startTelephone({ node });
  staff = await signedIn(appliance.url, "admin", appliance.password);
  await appliance.promptsReady();
  await firstWords();
});

after(async () => {
  await appliance?.stop();
  await node?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ring(name) {
  const caller = await startBaresip({ folder: join(folder, name) });
  const { id } = await appliance.answers(caller);
  return { caller, id };
}

async function hangUp({ caller, id }) {
  caller.hangUp();
  await appliance.ended(id);
  await caller.stop();
}

// The node hears its first words more slowly than all others.
async function firstWords() {
  const call = await ring("first");
  call.caller.keys("1");
  await appliance.standing("listening");
  await pause(call.caller.say("bună ziua") * 1000);
  await staff.told(call.id, "Cetățeanul");
  await hangUp(call);
}

const turns = (id, by) => appliance.call(id).turns.filter((turn) => turn.by === by);

for (const [language, key, question] of [
  ["hu", "2", "mennyibe kerül az útlevél"],
  ["en", "3", "how much is a passport"],
]) {
  test(`a question in ${language} is answered in it, after the key that the greeting offers`, async () => {
    const call = await ring(language);
    call.caller.keys(key);
    await staff.told(call.id, prompt("language_set", language));
    await appliance.standing("listening");
    await pause(call.caller.say(question, language) * 1000);
    const answer = await appliance.until("the answer", 30, () => turns(call.id, "assistant")[0]);
    assert.equal(turns(call.id, "citizen")[0].text, question, await staff.seen(call.id));
    assert.ok(answer.sources.length > 0, JSON.stringify(answer));
    assert.equal(appliance.call(call.id).call.language, language);
    await appliance.standing("speaking", 20);
    await hangUp(call);
  });

  test(`a question in ${language} is answered in it, though the greeting was in Romanian`, async () => {
    const call = await ring(`${language}-unasked`);
    await appliance.standing("listening");
    await pause(call.caller.say(question, language) * 1000);
    const answer = await appliance.until("the answer", 30, () => turns(call.id, "assistant")[0]);
    // It is written beside.
    await appliance.until("its language", 5, () => appliance.call(call.id).call.language === language);
    assert.ok(answer.sources.length > 0, JSON.stringify(answer));
    await hangUp(call);
  });
}

test("words that make no sense are asked about, and never answered", async () => {
  for (const [index, senseless] of [
    "pterodactilul fluieră sub galaxia turcoaz",
    "zgribulit hipopotamul exasperează cvintetul",
    "jonglează xilofonul cu broccoli fosforescent",
  ].entries()) {
    const call = await ring(`senseless-${index}`);
    call.caller.keys("1");
    await staff.told(call.id, prompt("language_set"));
    await appliance.standing("listening");
    await pause(call.caller.say(senseless) * 1000);
    await staff.told(call.id, prompt("not_understood1"));
    assert.deepEqual(turns(call.id, "assistant"), []);
    await hangUp(call);
  }
});
