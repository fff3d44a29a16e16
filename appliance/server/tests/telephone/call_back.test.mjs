// Nobody is there: the citizen is promised a call, and is rung.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startNode } from "../browser/node.mjs";
import { startBaresip } from "./baresip.mjs";
import { startTelephone } from "./telephone.mjs";

// A citizen rings, finds nobody, and is promised a call after `minutes`; `then` gets him still on the line.
async function promised(minutes, then) {
  const folder = mkdtempSync(join(tmpdir(), "sfetnic-call-back-"));
  const citizen = await startBaresip({ folder, user: "+40721000000", answer: true });
  const node = await startNode([]);
  const appliance = await startTelephone({
    node,
    phone: `[phone.call_backs]\nsoon_minutes = ${minutes}`,
    rest: `[[phone.sip.peers]]\nname = "trunk"\ntargets = ["sip:${citizen.address}"]\nprobe_seconds = 0\n`,
  });
  await appliance.promptsReady();
  citizen.dial(appliance.sip);
  await citizen.event("CALL_ESTABLISHED");
  const first = await appliance.liveCall();
  await appliance.standing("keypad", 60);
  // A person, please; yes, call me; yes, at this number. Each key waits for its question.
  for (const key of ["0", "1", "1"]) {
    citizen.keys(key);
    await pause(6000);
  }
  await then({ appliance, citizen, first });
  const outward = await appliance.until("the citizen is rung and has answered", 120, () =>
    appliance.calls().find((call) => call.direction === "out" && call.answered_at),
  );
  assert.notEqual(outward.id, first);
  assert.equal(outward.caller, "+40721000000");
  assert.ok(outward.conversation, "it goes on with the conversation of the first call");
  assert.equal(outward.conversation, appliance.call(first).call.conversation);
  citizen.hangUp();
  await citizen.stop();
  await appliance.stop();
  await node.stop();
  rmSync(folder, { recursive: true, force: true });
}

test("who finds nobody is promised a call, and is rung as promised", () => promised(0, async () => {}));

test("a server killed in the middle of a call keeps what it promised in it", () =>
  promised(1, async ({ appliance, citizen, first }) => {
    await appliance.killAndStart();
    assert.equal(appliance.call(first).call.ended.how, "server_lost");
    citizen.hangUp();
  }));
