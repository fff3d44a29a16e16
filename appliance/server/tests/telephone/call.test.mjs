// Calls by a real soft phone to a real appliance with a real inference node.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startNode } from "../browser/node.mjs";
import { startBaresip } from "./baresip.mjs";
import { prompt, signedIn } from "./staff.mjs";
import { EXTENSION, startTelephone } from "./telephone.mjs";

let node;
let appliance;
let folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sfetnic-telephone-"));
  node = await startNode();
  appliance = await startTelephone({ node });
  await appliance.promptsReady();
});

after(async () => {
  await appliance?.stop();
  await node?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ring(name, options = {}) {
  const caller = await startBaresip({ folder: join(folder, name), ...options });
  const { id } = await appliance.answers(caller);
  return { caller, id };
}

const said = (id, by) => appliance.call(id).turns.filter((turn) => turn.by === by);

test("a spoken question is understood, answered from the knowledge base and named by its source", async () => {
  const { caller, id } = await ring("asks");
  await appliance.standing("listening");
  await pause(caller.say("cât costă un pașaport") * 1000);
  const answer = await appliance.until("the answer", 20, () => said(id, "assistant")[0]);
  assert.equal(said(id, "citizen")[0].text, "cât costă un pașaport");
  assert.ok(answer.sources.length > 0, JSON.stringify(answer));
  await appliance.standing("speaking", 10);
  // Some of it is heard.
  await pause(1000);
  caller.hangUp();
  const ended = await appliance.ended(id);
  assert.equal(ended.ended.how, "caller_hung_up");
  assert.ok(ended.timings[0].sound_ms > 0, JSON.stringify(ended.timings));
  await caller.stop();
  assert.ok(statSync(caller.heard()).size > 16_000 * 5, "the caller heard something");
});

test("whoever asks for a person is connected, and is the assistant's again when the person leaves", async () => {
  const registrar = `127.0.0.1:${appliance.sipPort}`;
  const colleague = await startBaresip({ folder: join(folder, "colleague"), ...EXTENSION, registrar, answer: true });
  appliance.operator("ana", "Ana Pop");
  await appliance.registered();
  const { caller, id } = await ring("connected");
  caller.keys("0");
  await appliance.standing("with_person", 40);
  assert.ok(appliance.call(id).call.conversation, "the conversation is there before the person says hello");
  await pause(caller.say("bună ziua doamnă") * 1000);
  colleague.hangUp();
  await appliance.until("the assistant has the caller", 20, () => {
    const standings = appliance.json(["phone", "status"]).standings;
    return standings.length > 0 && !standings.includes("with_person");
  });
  assert.equal(appliance.call(id).call.ended, null);
  caller.hangUp();
  await appliance.ended(id);
  await caller.stop();
  await colleague.stop();
});

test("without a model that hears, the same guides are served by keys", async () => {
  const speaks = await startNode([]);
  const deaf = await startTelephone({ node: speaks });
  const staff = await signedIn(deaf.url, "admin", deaf.password);
  await deaf.promptsReady();
  const caller = await startBaresip({ folder: join(folder, "keys") });
  const { id } = await deaf.answers(caller);
  await staff.told(id, prompt("keypad_now"));
  caller.keys("*");
  await staff.told(id, prompt("menu_main"));
  // The first subject's first guide, and of each step the first choice.
  const told = async () => {
    for (;;) {
      caller.keys("1");
      await pause(500);
      const turn = deaf.call(id).turns.find((turn) => turn.by === "assistant");
      if (turn) return turn;
    }
  };
  const step = await Promise.race([told(), pause(30_000, undefined, { ref: false })]);
  assert.ok(step?.text.length > 20, JSON.stringify(step));
  caller.hangUp();
  await deaf.ended(id);
  await caller.stop();
  await deaf.stop();
  await speaks.stop();
});
