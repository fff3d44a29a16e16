// Nobody is there: the citizen is promised a call, and is rung.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startNode } from "../browser/node.mjs";
import { startBaresip } from "./baresip.mjs";
import { startSipp } from "./sipp.mjs";
import { prompt, signedIn } from "./staff.mjs";
import { startTelephone } from "./telephone.mjs";

const NUMBER = "+40721000000";

let folder, node;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sfetnic-call-back-"));
  node = await startNode([]);
});

after(async () => {
  await node?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// A citizen rings, finds nobody, and is promised a call after `minutes`; `then` gets him still on the line. The first exchange
// by which he could be rung takes no calls, the second does.
async function promised(name, minutes, then) {
  const [citizen, busy] = await Promise.all([
    startBaresip({ folder: join(folder, name), user: NUMBER, answer: true }),
    startSipp({ folder: join(folder, `${name}-busy`), scenario: "busy-exchange", seconds: 300 }),
  ]);
  const appliance = await startTelephone({
    node,
    phone: `[phone.call_backs]\nsoon_minutes = ${minutes}`,
    rest: `[[phone.sip.peers]]
name = "first"
targets = ["sip:${busy.address}"]
probe_seconds = 0
[[phone.sip.peers]]
name = "second"
targets = ["sip:${citizen.address}"]
probe_seconds = 0
`,
  });
  await appliance.promptsReady();
  const staff = await signedIn(appliance.url, "admin", appliance.password);
  citizen.dial(appliance.sip);
  await citizen.event("CALL_ESTABLISHED");
  const first = await appliance.liveCall();
  // A person, please; yes, call me; yes, at this number.
  for (const [key, question] of [
    ["0", "keypad_now"],
    ["1", "call_back_question"],
    ["1", "call_back_number"],
  ]) {
    await staff.told(first, prompt(question));
    citizen.keys(key);
  }
  await staff.told(first, prompt("call_back_booked"));
  await then({ appliance, citizen, first });
  const outward = await appliance.until("the citizen is rung and has answered", 120, () =>
    appliance.calls().find((call) => call.direction === "out" && call.answered_at),
  );
  assert.notEqual(outward.id, first);
  assert.equal(outward.caller, NUMBER);
  assert.ok(outward.conversation, "it goes on with the conversation of the first call");
  assert.equal(outward.conversation, appliance.call(first).call.conversation);
  // The first exchange was asked, and said to come back later.
  await busy.played();
  citizen.hangUp();
  await citizen.stop();
  await appliance.stop();
}

// Most of it is waiting: both wait together.
describe("who finds nobody is promised a call", { concurrency: true }, () => {
  test("and is rung as promised, by the exchange that takes the call", () => promised("kept", 0, async ({ appliance, citizen, first }) => {
      // Whoever is on the line is not rung.
      citizen.hangUp();
      await appliance.ended(first);
    }));

  test("a server killed in the middle of a call keeps what it promised in it", () =>
    promised("killed", 1, async ({ appliance, citizen, first }) => {
      await appliance.killAndStart();
      assert.equal(appliance.call(first).call.ended.how, "server_lost");
      citizen.hangUp();
    }));
});
