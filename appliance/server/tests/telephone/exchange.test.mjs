// Through a real exchange, Kamailio: the appliance is registered there as one of its telephones, proves its calls by a
// password, and is reached by it. It asserts who calls; a citizen of whom we know is told of his case.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startNode } from "../browser/node.mjs";
import { startBaresip } from "./baresip.mjs";
import { PASSWORD, startKamailio } from "./kamailio.mjs";
import { prompt, signedIn } from "./staff.mjs";
import { startTelephone } from "./telephone.mjs";

const NUMBER = "+40721000000";

let folder, node, exchange, appliance, citizen, staff;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sfetnic-exchange-"));
  const password = join(folder, "trunk.password");
  writeFileSync(password, `${PASSWORD}\n`);
  [exchange, node] = await Promise.all([startKamailio({ folder: join(folder, "kamailio"), user: "sfetnic" }), startNode([])]);
  citizen = await startBaresip({
    folder: join(folder, "citizen"),
    user: NUMBER,
    registrar: exchange.address,
    password: PASSWORD,
    answer: true,
  });
  appliance = await startTelephone({
    node,
    phone: "[phone.call_backs]\nsoon_minutes = 0",
    rest: `[[phone.sip.peers]]
name = "centrala"
targets = ["sip:${exchange.address}"]
domain = "${exchange.domain}"
user = "sfetnic"
password_file = "${password}"
register = true
trusted = true
[[phone.sip.peers]]
name = "alta"
allow = ["${exchange.untrusted}/32"]
outbound = false
`,
  });
  staff = await signedIn(appliance.url, "admin", appliance.password);
  await Promise.all([appliance.promptsReady(), exchange.logged(`registered: ${NUMBER}`), exchange.logged("registered: sfetnic")]);
});

after(async () => {
  await citizen?.stop();
  await appliance?.stop();
  await exchange?.stop();
  await node?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// The citizen dials one of the exchange's numbers; the call, once it is answered.
const ring = (number) => appliance.answers(citizen, `sip:${number}@${exchange.address}`);

const hungUp = async (id, how) => assert.equal((await appliance.ended(id)).ended.how, how);

test("a citizen calls by the exchange, hangs up, and is rung back by it until we hang up", async () => {
  const { id, caller, peer } = await ring(exchange.numbers.plain);
  assert.deepEqual([caller, peer], [NUMBER, "centrala"]);
  // A person, please: nobody is there. Yes, call me; yes, at this number.
  await staff.told(id, prompt("keypad_now"));
  citizen.keys("0");
  await staff.told(id, prompt("call_back_question"));
  citizen.keys("1");
  await staff.told(id, prompt("call_back_number"));
  citizen.keys("1");
  await staff.told(id, prompt("call_back_booked"));
  citizen.hangUp();
  await hungUp(id, "caller_hung_up");
  await exchange.logged("by its route: BYE from 127.0.0.1");

  const outward = await appliance.until("the citizen is rung and has answered", 60, () =>
    appliance.calls().find((call) => call.direction === "out" && call.answered_at),
  );
  assert.equal(outward.caller, NUMBER);
  await exchange.logged("proved: INVITE of sfetnic");
  const before = (await exchange.logged("by its route: BYE")).length;
  await staff.command(outward.id, "hang_up");
  await hungUp(outward.id, "operator_hung_up");
  await appliance.until("our BYE went by the exchange", 5, () => exchange.printed().split("by its route: BYE").length - 1 > before);
});

test("whom the exchange vouches for is told of his open case, and nobody else", async () => {
  for (const [number, peer, caller, told] of [
    [exchange.numbers.plain, "centrala", NUMBER, true],
    // The same number, from an exchange whose word is not taken.
    [exchange.numbers.untrusted, "alta", NUMBER, false],
    // He asked not to be known.
    [exchange.numbers.anonymous, "centrala", null, false],
  ]) {
    const call = await ring(number);
    assert.deepEqual([call.peer, call.caller], [peer, caller]);
    const page = await staff.told(call.id, prompt("keypad_now"));
    assert.equal(page.includes(prompt("open_case")), told, page);
    citizen.hangUp();
    await hungUp(call.id, "caller_hung_up");
  }
});
