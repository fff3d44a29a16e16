// A caller is sent on. To a number outside: by his exchange where it takes him (RFC 3515), else with the appliance in between.
// By a colleague's desk phone to another: whatever fails, the assistant has him.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBaresip } from "./baresip.mjs";
import { startDeskPhone } from "./desk_phone.mjs";
import { startSipp } from "./sipp.mjs";
import { signedIn } from "./staff.mjs";
import { EXTENSION, startTelephone } from "./telephone.mjs";
import { secondsOf } from "./tones.mjs";

const NUMBER = "+40264000001";
const TONE = 800;

// The desk that takes the call; the one that has a telephone; the one that has none.
const [FIRST, SECOND, EMPTY] = [EXTENSION.user, "205", "206"];

let folder, appliance, outside, staff;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sfetnic-transfer-"));
  // Whoever has the number outside; the exchange calls from another address than the one where it is called.
  outside = await startBaresip({ folder: join(folder, "outside"), user: NUMBER, answer: true });
  appliance = await startTelephone({
    extensions: [SECOND, EMPTY],
    phone: "[phone]\ntransfer_to_numbers = true",
    rest: `[[phone.sip.peers]]
name = "trunk"
targets = ["sip:${outside.address}"]
allow = ["127.0.0.2/32"]
probe_seconds = 0
`,
  });
  staff = await signedIn(appliance.url, "admin", appliance.password);
});

after(async () => {
  await outside?.stop();
  await appliance?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// A call from the exchange, which follows `scenario`; an operator sends its caller to the number.
async function sentOn(scenario, keys = {}, tone = undefined) {
  const exchange = await startSipp({
    folder: join(folder, `${scenario}-${keys.status ?? ""}`),
    scenario,
    to: `127.0.0.1:${appliance.sipPort}`,
    keys: { caller: "+40722000000", ...keys },
    tone,
  });
  const id = await appliance.until("the exchange's call is answered", 10, () =>
    appliance.calls().find((call) => !call.ended && call.answered_at)?.id,
  );
  await staff.command(id, "to_number", { number: NUMBER });
  return { exchange, id };
}

test("an exchange that takes its caller on has him, and we hang up", async () => {
  const { exchange, id } = await sentOn("sends-on", { number: NUMBER.slice(1) });
  await exchange.played();
  const call = await appliance.ended(id);
  assert.equal(call.ended.how, "transferred");
  assert.deepEqual(call.transferred_to, { to: "number", id: NUMBER });
  assert.equal(outside.heardAll().length, 0, "nobody was rung by us");
});

for (const status of ["405", "603"]) {
  test(`where the exchange refuses that with ${status}, we stay in between, and the caller is heard outside`, async () => {
    const before = secondsOf(outside.heardAll(), TONE);
    const { exchange, id } = await sentOn("sends-nobody-on", { status }, TONE);
    await appliance.standing("with_person", 20);
    await appliance.until("the caller's tone is heard", 20, () => secondsOf(outside.heardAll(), TONE) - before > 1);
    await staff.command(id, "hang_up");
    await exchange.played();
    assert.equal((await appliance.ended(id)).ended.how, "operator_hung_up");
    await outside.event("CALL_CLOSED");
  });
}

describe("a colleague sends the caller on", () => {
  let first, second, caller, id;

  before(async () => {
    const registrar = `127.0.0.1:${appliance.sipPort}`;
    const desk = (user) => startBaresip({ folder: join(folder, user), ...EXTENSION, user, registrar, answer: true });
    [first, second] = await Promise.all([desk(FIRST), desk(SECOND)]);
    appliance.operator("ana", "Ana Pop");
    await Promise.all([appliance.registered(15, FIRST), appliance.registered(15, SECOND)]);
    caller = await startBaresip({ folder: join(folder, "caller") });
    ({ id } = await appliance.answers(caller));
    caller.tone(TONE);
  });

  after(async () => {
    await Promise.all([caller, first, second].map((one) => one?.stop()));
  });

  // The caller asks for a person, and the first desk takes the call.
  async function taken() {
    caller.keys("0");
    await first.event("CALL_ESTABLISHED");
    await appliance.standing("with_person", 20);
  }

  const returned = () =>
    appliance.until("the assistant has him", 20, () => {
      const { standings } = appliance.json(["phone", "status"]);
      return standings.length > 0 && !standings.includes("with_person");
    });

  test("to a desk where nobody is: the colleague is told so, gives up, and the assistant has the caller", async () => {
    await taken();
    first.sendOn(`sip:${EMPTY}@127.0.0.1:${appliance.sipPort}`);
    const failed = await first.event("TRANSFER_FAILED", 15);
    assert.match(failed.param, /^486/);
    // baresip hangs up when it is told so.
    await returned();
  });

  test("to another, who has the caller while the first is free", async () => {
    await taken();
    first.sendOn(`sip:${SECOND}@127.0.0.1:${appliance.sipPort}`);
    await second.event("CALL_ESTABLISHED", 20);
    await first.event("CALL_CLOSED", 20);
    await appliance.until("the second hears the caller", 10, () => secondsOf(second.heardAll(), TONE) > 1);
    assert.deepEqual(appliance.json(["phone", "status"]).standings, ["with_person"]);
  });

  test("when that one leaves, the caller is the assistant's", async () => {
    second.hangUp();
    await returned();
    assert.equal(appliance.call(id).call.ended, null);
    caller.hangUp();
    assert.equal((await appliance.ended(id)).ended.how, "caller_hung_up");
  });
});

test("a colleague who asked another first hands the caller on to him, and is free", async () => {
  const registrar = `127.0.0.1:${appliance.sipPort}`;
  const consulted = await startBaresip({ folder: join(folder, "consulted"), ...EXTENSION, user: SECOND, registrar, answer: true });
  const colleague = await startDeskPhone({ ...EXTENSION, port: appliance.sipPort });
  await appliance.registered(15, SECOND);
  const caller = await startBaresip({ folder: join(folder, "handed-on") });
  const { id } = await appliance.answers(caller);
  caller.tone(TONE);
  caller.keys("0");
  await colleague.until("the caller has reached him", 30, (calls) => calls.some((call) => call.came));
  await appliance.standing("with_person", 20);
  const [citizen] = colleague.calls;
  const { status, call } = await colleague.call(SECOND);
  assert.equal(status, 200, "one desk phone calls another");
  await consulted.event("CALL_ESTABLISHED");
  assert.equal(await colleague.join(citizen, call, SECOND), 202);
  await colleague.until("he is told that it went, and both his calls end", 20, (calls, reports) =>
    reports.some((report) => report.startsWith("SIP/2.0 200")) && calls.every((one) => one.ended),
  );
  await appliance.until("the other hears the caller", 20, () => secondsOf(consulted.heardAll(), TONE) > 1);
  assert.equal(consulted.events.filter((event) => event.type === "CALL_ESTABLISHED").length, 1, "he was rung once");
  assert.deepEqual(appliance.json(["phone", "status"]).standings, ["with_person"]);
  caller.hangUp();
  assert.equal((await appliance.ended(id)).ended.how, "caller_hung_up");
  await Promise.all([caller.stop(), consulted.stop()]);
  colleague.stop();
});
