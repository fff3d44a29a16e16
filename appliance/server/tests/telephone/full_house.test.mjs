// More calls than there is room for: they are told so, refused or sent elsewhere, as the installation has chosen.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startNode } from "../browser/node.mjs";
import { startBaresip } from "./baresip.mjs";
import { startSipp } from "./sipp.mjs";
import { prompt, signedIn } from "./staff.mjs";
import { startTelephone } from "./telephone.mjs";

let folder;

before(() => (folder = mkdtempSync(join(tmpdir(), "sfetnic-full-house-"))));
after(() => rmSync(folder, { recursive: true, force: true }));

// An appliance with room for one call, which is taken.
async function full(name, chosen, node) {
  const appliance = await startTelephone({
    node,
    phone: `max_calls = 1
overflow_calls = 1
retry_after_seconds = 30
[phone]
${chosen}`,
  });
  if (node) await appliance.promptsReady();
  const inside = await startBaresip({ folder: join(folder, name) });
  await appliance.answers(inside);
  const next = (scenario) =>
    startSipp({
      folder: join(folder, `${name}-${scenario}`),
      scenario,
      to: `127.0.0.1:${appliance.sipPort}`,
      keys: { caller: "+40722000000" },
      seconds: 15,
    });
  const stop = async () => {
    await inside.stop();
    await appliance.stop();
  };
  return { appliance, next, stop };
}

test("a call without room is refused, with the time after which to try again", async () => {
  const { appliance, next, stop } = await full("refuse", 'full_house = "refuse"');
  await (await next("no-room")).played();
  assert.equal(appliance.calls().length, 1);
  await stop();
});

test("a call without room is sent to another number", async () => {
  const { appliance, next, stop } = await full("redirect", 'full_house = "redirect"\noverflow_number = "0212640001"');
  await (await next("elsewhere")).played();
  assert.equal(appliance.calls().length, 1);
  await stop();
});

test("a call without room hears that all are busy, and is promised a call; the one after it is refused", async () => {
  const node = await startNode([]);
  const { appliance, next, stop } = await full("speak", 'full_house = "speak"', node);
  const staff = await signedIn(appliance.url, "admin", appliance.password);
  const second = await startBaresip({ folder: join(folder, "second"), user: "+40721000000" });
  const { id } = await appliance.answers(second);
  await staff.told(id, prompt("all_busy"));
  await (await next("no-room")).played();
  // Yes, call me; yes, at this number.
  second.keys("1");
  await staff.told(id, prompt("call_back_number"));
  second.keys("1");
  await second.event("CALL_CLOSED", 60);
  const { call } = appliance.call(id);
  assert.equal(call.ended.how, "we_hung_up");
  assert.ok(call.conversation, "the promise belongs to a conversation");
  await second.stop();
  await stop();
  await node.stop();
});
