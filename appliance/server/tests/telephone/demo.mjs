// A whole call, played by a soft phone against a fresh appliance and a node of its own: one asks, interrupts, asks for a
// person, is connected. Leaves what was heard, the recording and the transcript in a folder.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startNode } from "../browser/node.mjs";
import { startBaresip } from "./baresip.mjs";
import { EXTENSION, startTelephone } from "./telephone.mjs";

const folder = resolve(process.argv[2] ?? ".demo-call");
mkdirSync(folder, { recursive: true });
const say = (text) => console.log(`  ${text}`);

console.log("\nA call, from greeting to goodbye\n");
say("starting an inference node (built-in voices, the small speech model of the tests) and the appliance…");
const node = await startNode();
const appliance = await startTelephone({ node });
const caller = await startBaresip({ folder: join(folder, "caller") });
const registrar = `127.0.0.1:${appliance.sipPort}`;
const colleague = await startBaresip({ folder: join(folder, "colleague"), ...EXTENSION, registrar, answer: true });
try {
  appliance.operator("ana", "Ana Pop");
  await appliance.registered();
  say("Ana Pop has a desk phone at extension 204; rendering the first prompts…");
  await appliance.promptsReady();
  say(`dialling ${appliance.sip}`);
  caller.dial(appliance.sip);
  await caller.event("CALL_ESTABLISHED");
  const call = await appliance.liveCall();
  await appliance.standing("listening");
  for (const [question, until] of [
    ["cât costă cartea de identitate", "speaking"],
    ["am pierdut pașaportul", "speaking"],
  ]) {
    say(`the caller says: ${question}`);
    await pause(caller.say(question) * 1000);
    await appliance.standing(until, 20);
    // The second question comes in the middle of the first answer.
    await pause(4000);
  }
  say("the caller asks for a person");
  await pause(caller.say("vreau să vorbesc cu un om") * 1000);
  await appliance.standing("with_person", 40);
  say("Ana's telephone has rung; she was told what it is about, and has the caller now");
  await pause(colleague.say("Bună ziua, sunt Ana Pop, vă ajut imediat") * 1000 + 1500);
  caller.hangUp();
  await pause(1500);
  const transcript = appliance.command(["phone", "call", call]);
  writeFileSync(join(folder, "transcript.txt"), transcript);
  copyFileSync(caller.heard(), join(folder, "heard.wav"));
  copyFileSync(colleague.heard(), join(folder, "colleague-heard.wav"));
  console.log(`\n${transcript}`);
  say(`what the caller heard: ${join(folder, "heard.wav")}`);
  say(`the transcript: ${join(folder, "transcript.txt")}`);
} finally {
  await caller.stop();
  await colleague.stop();
  await appliance.stop();
  await node.stop();
}
