// Calls as the console shows and leads them: real telephones, a real browser, a desk phone at every desk.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { checkPage, openBrowser, signIn, watch } from "../browser/browser.mjs";
import { startNode } from "../browser/node.mjs";
import { startBaresip } from "./baresip.mjs";
import { EXTENSION, startTelephone } from "./telephone.mjs";
import { secondsOf } from "./tones.mjs";

const OUTSIDE = "+40264000001";
const WIDE = { width: 1440, height: 900 };
// Without motion a colour is there at once when light turns dark.
const SCREEN = { locale: "ro-RO", viewport: WIDE, reducedMotion: "reduce" };

let folder, node, appliance, browser, outside;
// The desks: each a signed-in page and a registered telephone that answers by itself.
let ana, ion, elena;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sfetnic-console-"));
  [node, browser, outside] = await Promise.all([
    startNode(),
    openBrowser(["--autoplay-policy=no-user-gesture-required"]),
    startBaresip({ folder: join(folder, "outside"), user: OUTSIDE, answer: true }),
  ]);
  appliance = await startTelephone({
    node,
    extensions: ["205", "206"],
    phone: `[phone]
supervision = true
transfer_to_numbers = true
[phone.people]
refer = false
[phone.dialogue]
recording = "notice"
`,
    rest: `[[phone.sip.peers]]\nname = "trunk"\ntargets = ["sip:${outside.address}"]\nprobe_seconds = 0\n`,
  });
  ana = await desk("ana", "Ana Pop", "204", ["--department", "pasapoarte"]);
  ion = await desk("ion", "Ion Radu", "205", ["--department", "taxe-locale"]);
  elena = await desk("elena", "Elena Marin", "206", ["--role", "supervisor"]);
  await appliance.promptsReady();
});

after(async () => {
  await browser?.close();
  await Promise.all([outside, ...[ana, ion, elena].map((one) => one?.phone)].map((phone) => phone?.stop()));
  await appliance?.stop();
  await node?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function desk(username, name, extension, more) {
  const password = appliance.operator(username, name, { extension, more });
  const registrar = `127.0.0.1:${appliance.sipPort}`;
  const phone = await startBaresip({ folder: join(folder, username), ...EXTENSION, user: extension, registrar, answer: true });
  const page = await (await browser.newContext(SCREEN)).newPage();
  const problems = [];
  watch(page, appliance.url, problems);
  await signIn(page, appliance.url, username, password);
  await appliance.registered(15, extension);
  return { page, phone, problems, name };
}

// Dials; returns the caller's telephone and the call's id, once the assistant has answered.
async function ring(name, options = {}) {
  const caller = await startBaresip({ folder: join(folder, name), ...options });
  return { caller, id: (await appliance.answers(caller)).id };
}

async function hangUp(caller, id) {
  caller.hangUp();
  await appliance.ended(id);
  await caller.stop();
}

// What the journal holds of a kind about a call.
const noted = (event, id) =>
  appliance.json(["journal", "tail", "--lines", "500"]).filter((row) => row.event === event && row.subject === id);

// The page passes its checks on a wide screen by day, and on a narrow one by night.
async function looks(page, name) {
  for (const [width, colorScheme] of [[1440, "light"], [360, "dark"]]) {
    await page.setViewportSize({ ...WIDE, width });
    await page.emulateMedia({ colorScheme });
    await checkPage(page, `${name}-${width}-${colorScheme}`);
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: "light" });
}

const address = (id) => `${appliance.url}/console/calls/${id}`;
// Of the live call's page: how it stands.
const standing = (page, text) => page.locator(".conversation-head .tag", { hasText: text }).waitFor({ timeout: 30_000 });
// The page of a call that has just ended is on its way to another of its own accord.
const open = (page, url) => page.goto(url).catch(() => page.goto(url));
// A button that sends a form; the page that follows is there.
const click = (page, button) => Promise.all([page.waitForEvent("load"), button.click()]);
// As the browser would, with its session: the answer's status.
const press = async (page, id, form) =>
  (await page.request.post(`${address(id)}/command`, { form, headers: { origin: appliance.url }, maxRedirects: 0 })).status();

test("before anybody rings, the pages say what will appear there", async () => {
  await open(ana.page, `${appliance.url}/console/calls`);
  await ana.page.locator(".empty h2", { hasText: "Nu sună nimeni" }).waitFor();
  await checkPage(ana.page, "calls-empty");
  await open(ana.page, `${appliance.url}/console/calls/history`);
  await ana.page.locator(".empty h2", { hasText: "Niciun apel încheiat" }).waitFor();
  await checkPage(ana.page, "calls-history-empty");
  await open(ana.page, `${appliance.url}/console/extension`);
  assert.equal(await ana.page.locator("#number").inputValue(), "204");
  await checkPage(ana.page, "calls-extension");
});

test("who calls is on the page at once, and every word as it is said", async (t) => {
  const { page } = ana;
  await open(page, `${appliance.url}/console/calls`);
  const { caller, id } = await ring("asks");
  const row = page.locator(`tr[data-row="${id}"]`);
  await row.waitFor({ timeout: 5000 });
  await row.locator(".tag", { hasText: "asistentul ascultă" }).waitFor({ timeout: 60_000 });
  await looks(page, "calls-live");
  await row.locator("a").click();
  await page.waitForURL(address(id));
  await standing(page, "asistentul ascultă");
  const seconds = caller.say("cât costă un pașaport");
  await standing(page, "vorbește cetățeanul");
  await pause(seconds * 1000);
  const silent = Date.now();
  await page.locator(".turn-citizen .said", { hasText: "cât costă un pașaport" }).waitFor({ timeout: 20_000 });
  t.diagnostic(`the caller's words stood on the page ${Date.now() - silent} ms after the last of them`);
  const answer = page.locator(".turn-assistant", { has: page.locator(".sources") }).last();
  await answer.waitFor({ timeout: 20_000 });
  assert.match(await answer.locator(".turn-foot").innerText(), /încredere \d+ %/);
    await appliance.standing("speaking", 20);
  await pause(2000);
  caller.say("am pierdut pașaportul");
  await page.locator(".turn-assistant .mark", { hasText: "întrerupt de cetățean" }).waitFor({ timeout: 20_000 });
  await page.locator(".turn-foot", { hasText: /primul sunet \d/ }).first().waitFor({ timeout: 20_000 });
  await page.locator(".turn-citizen .said", { hasText: "am pierdut pașaportul" }).waitFor({ timeout: 20_000 });
  await looks(page, "call-live");
  await hangUp(caller, id);
  await page.locator(".call-facts").waitFor({ timeout: 10_000 });
  await checkPage(page, "call-ended");
});

test("an operator takes the call at his own telephone, and closes it from the page", async () => {
  const { page, phone } = ana;
  const { caller, id } = await ring("taken");
  await open(page, address(id));
  await click(page, page.locator("button[value=take_over]"));
  await standing(page, "cu Ana Pop");
  await checkPage(page, "call-taken");
  assert.equal(await page.locator("button[value=take_over]").count(), 0);
  caller.tone(440);
  phone.tone(620);
  await pause(3000);
  assert.equal(await press(ion.page, id, { command: "hang_up" }), 403, "another operator may not end it");
  await page.locator("details[data-keep=hang-up] summary").click();
  await click(page, page.locator("button[value=hang_up]"));
  await caller.event("CALL_CLOSED");
  assert.equal((await appliance.ended(id)).ended.how, "operator_hung_up");
  await page.locator(".tag", { hasText: "închis de un coleg" }).waitFor({ timeout: 10_000 });
  await phone.event("CALL_CLOSED");
  phone.tone(0);
  await caller.stop();
  assert.ok(secondsOf(caller.heardAll(), 620) > 1, "the caller heard the operator");
  assert.ok(secondsOf(phone.heardAll(), 440) > 1, "the operator heard the caller");
});

// Each speaks at a pitch of his own; a supervisor at another in each way of taking part.
const PITCH = { caller: 440, ana: 620, listens: 1000, whispers: 1400, joins: 1900 };

test("a supervisor listens unheard, whispers to the colleague alone, and joins for all to hear", async () => {
  const before = new Set(ana.phone.heardAll());
  const { caller, id } = await ring("supervised");
  await open(ana.page, address(id));
  await click(ana.page, ana.page.locator("button[value=take_over]"));
  await standing(ana.page, "cu Ana Pop");
  assert.equal(await ana.page.locator("button[value=listen]").count(), 0, "no operator listens");
  assert.equal(await press(ion.page, id, { command: "listen" }), 403);
  caller.tone(PITCH.caller);
  ana.phone.tone(PITCH.ana);
  elena.phone.tone(PITCH.listens);
  await open(elena.page, address(id));
  for (const [button, hertz] of [["listen", PITCH.listens], ["whisper", PITCH.whispers], ["join", PITCH.joins]]) {
    elena.phone.tone(0);
    await click(elena.page, elena.page.locator(`button[value=${button}]`));
    await elena.page.locator("main", { hasText: "Iau parte: Elena Marin" }).waitFor({ timeout: 20_000 });
    // Whoever changes his way is heard in the new one.
    await pause(500);
    elena.phone.tone(hertz);
    await pause(3000);
    await looks(elena.page, `call-${button}`);
  }
  await ana.page.locator(".conversation-head", { hasText: "Elena Marin (în convorbire)" }).waitFor({ timeout: 10_000 });
  elena.phone.tone(0);
  await click(elena.page, elena.page.locator("button[value=leave]"));
  await elena.phone.event("CALL_CLOSED");
  await standing(ana.page, "cu Ana Pop");
  await pause(1500);
  await hangUp(caller, id);
  ana.phone.tone(0);
  const heard = {
    caller: caller.heardAll(),
    ana: ana.phone.heardAll().filter((file) => !before.has(file)),
    elena: elena.phone.heardAll(),
  };
  const told = Object.fromEntries(
    Object.entries(heard).map(([who, files]) => [who, Object.fromEntries(Object.entries(PITCH).map(([whose, hertz]) => [whose, secondsOf(files, hertz)]))]),
  );
  const hears = (who, whose, atLeast) => assert.ok(told[who][whose] >= atLeast, `${who} hears ${whose}: ${JSON.stringify(told)}`);
  const not = (who, whose) => assert.ok(told[who][whose] < 0.3, `${who} does not hear ${whose}: ${JSON.stringify(told)}`);
  hears("elena", "caller", 6);
  hears("elena", "ana", 6);
  not("caller", "listens");
  not("ana", "listens");
  not("caller", "whispers");
  hears("ana", "whispers", 2);
  hears("caller", "joins", 2);
  hears("ana", "joins", 2);
  const commands = noted("call_commanded", id).map((row) => row.detail);
  for (const mode of ["listen", "whisper", "join"]) {
    assert.ok(commands.some((detail) => detail.includes(mode)), `${mode} is noted: ${commands}`);
  }
  // Around it all the two went on hearing each other.
  hears("caller", "ana", 10);
});

test("a call is sent to a department, on to a colleague, and to a number outside", async () => {
  const { caller, id } = await ring("sent");
  caller.tone(440);
  const { page } = elena;
  await open(page, address(id));
  const send = async (label, choose) => {
    const transfer = page.locator("details[data-keep=transfer]");
    if ((await transfer.getAttribute("open")) === null) await transfer.locator("summary").click();
    const form = transfer.locator("form", { hasText: label });
    await choose(form.locator(".input"));
    await click(page, form.locator("button"));
  };
  await send("La departamentul", (field) => field.selectOption("taxe-locale"));
  await standing(page, "cu Ion Radu");
  ion.phone.tone(620);
  await pause(2500);
  await send("La un coleg", (field) => field.selectOption({ label: "Ana Pop (204)" }));
  await standing(page, "cu Ana Pop");
  await ion.phone.event("CALL_CLOSED");
  ana.phone.tone(800);
  await pause(2500);
  await send("La numărul", (field) => field.fill("0264 000 001"));
  await standing(page, "cu un om din afară");
  outside.tone(1200);
  await pause(2500);
  await hangUp(caller, id);
  for (const phone of [ion.phone, ana.phone]) phone.tone(0);
  for (const [who, hertz] of [["Ion", 620], ["Ana", 800], ["the number outside", 1200]]) {
    assert.ok(secondsOf(caller.heardAll(), hertz) > 1, `the caller heard ${who}`);
  }
  assert.ok(secondsOf(ion.phone.heardAll(), 440) > 1, "Ion heard the caller");
  assert.ok(secondsOf(outside.heardAll(), 440) > 1, "who was called outside heard the caller");
});

test("where the rules forbid it nobody listens in, and no call goes to a number outside", async () => {
  const strict = await startTelephone({ node });
  const password = strict.operator("vera", "Vera Ilie", { more: ["--role", "supervisor"] });
  const page = await (await browser.newContext(SCREEN)).newPage();
  await signIn(page, strict.url, "vera", password);
  const caller = await startBaresip({ folder: join(folder, "strict") });
  const { id } = await strict.answers(caller);
  await open(page, `${strict.url}/console/calls/${id}`);
  await page.locator("button[value=take_over]").waitFor();
  for (const control of ["listen", "whisper", "join"]) assert.equal(await page.locator(`button[value=${control}]`).count(), 0);
  assert.equal(await page.locator("#to-number").count(), 0);
  for (const form of [{ command: "listen" }, { command: "join" }, { command: "to_number", number: "0264000001" }]) {
    const told = await page.request.post(`${strict.url}/console/calls/${id}/command`, { form, headers: { origin: strict.url } });
    assert.equal(told.status(), 403, JSON.stringify(form));
  }
  caller.hangUp();
  await strict.ended(id);
  await caller.stop();
  await strict.stop();
});

test("who was promised a call stands in the list, and is rung from it", async () => {
  const { page } = elena;
  await open(page, `${appliance.url}/console/calls`);
  const { caller, id } = await ring("promised", { user: OUTSIDE, answer: true });
  await appliance.standing("listening");
  // A person, please; nobody of the front desk is there: yes, call me, at this number.
  for (const key of ["0", "1", "1"]) {
    caller.keys(key);
    await pause(6000);
  }
  const row = page.locator(".calls-backs tr[data-row]");
  await row.waitFor({ timeout: 30_000 });
  await looks(page, "calls-back");
  await hangUp(caller, id);
  const before = appliance.calls().length;
  await click(page, row.locator("form[action$=dial] button"));
  await appliance.until("he is rung", 30, () => appliance.calls().length > before && appliance.calls().find((call) => call.direction === "out" && !call.ended));
  const outward = appliance.calls().find((call) => call.direction === "out" && !call.ended);
  await open(page, address(outward.id));
  await standing(page, "cu Elena Marin");
  outside.hangUp();
  await appliance.ended(outward.id);
  await open(page, `${appliance.url}/console/calls`);
  await page.locator(".none", { hasText: "Nimeni nu așteaptă" }).waitFor({ timeout: 10_000 });
});

test("an ended call is found, heard and read again, and the journal says by whom", async () => {
  const { page } = elena;
  await open(page, `${appliance.url}/console/calls/history`);
  const rows = page.locator("tr[data-row]");
  const all = await rows.count();
  assert.ok(all >= 2, `${all} calls`);
  await looks(page, "calls-history");
  await page.locator("#how").selectOption("operator_hung_up");
  await page.locator(".calls-filter button").click();
  await page.waitForURL(/how=operator_hung_up/);
  assert.equal(await rows.count(), 1);
  await open(page, `${appliance.url}/console/calls/history?caller=0264000009`);
  await page.locator(".empty h2").waitFor();
  const call = appliance.calls().find((one) => appliance.call(one.id).turns.some((turn) => turn.sources?.length > 0));
  await open(page, address(call.id));
  const player = page.locator("audio[data-player]");
  await page.locator("a[data-seek]").first().click();
  const length = await player.evaluate(async (audio) => {
    while (!(audio.duration > 0 && audio.currentTime > 0.2)) await new Promise((later) => setTimeout(later, 50));
    audio.pause();
    return audio.duration;
  });
  assert.ok(length > 10, `${length} s of sound`);
  assert.match(await page.locator(".turn-foot").first().innerText(), /răspuns/);
  await looks(page, "call-kept");
  assert.ok(noted("recording_heard", call.id).length > 0, "hearing a recording is noted");
  // An operator reads it, and does not hear it.
  await open(ana.page, address(call.id));
  assert.equal(await ana.page.locator("audio").count(), 0);
  assert.equal((await ana.page.request.get(`${address(call.id)}/recording`)).status(), 403);
  for (const language of ["hu", "en"]) {
    await page.request.post(`${appliance.url}/console/language`, { form: { language }, headers: { origin: appliance.url } });
    for (const [name, path] of [["calls", ""], ["calls-history", "/history"], ["call-kept", `/${call.id}`]]) {
      await open(page, `${appliance.url}/console/calls${path}`);
      await looks(page, `${name}-${language}`);
    }
  }
});
