// The main story in real browsers: a citizen is answered; what cannot be answered reaches a person, who answers live.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startAppliance } from "./appliance.mjs";
import { checkPage, openBrowser, screenshot, signInFirst, watch } from "./browser.mjs";

const KNOWN = "mi-a expirat buletinul ce fac";
const UNKNOWN = "Ce hrană îi dau unui crocodil de companie?";
const PASSWORD = "un-cuvant-lung-si-greu";

let appliance, browser;

before(async () => {
  appliance = await startAppliance();
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await appliance?.stop();
});

async function citizen(options = {}) {
  const context = await browser.newContext({ locale: "ro-RO", viewport: { width: 768, height: 1024 }, ...options });
  const page = await context.newPage();
  const problems = [];
  watch(page, appliance.url, problems);
  return { context, page, problems };
}

async function say(page, text) {
  await page.locator("#chat-text").fill(text);
  await page.locator("[data-send]").click();
}

test("a citizen is answered, a person takes over what the knowledge does not hold, and answers live", async (t) => {
  const { page, problems } = await citizen();
  await page.goto(appliance.url);
  await checkPage(page, "citizen-empty");

  await t.test("the known question gets its steps and their source within a second", async () => {
    const asked = Date.now();
    await say(page, KNOWN);
    const answer = page.locator(".turn.assistant.answer").last();
    await answer.waitFor({ timeout: 5000 });
    t.diagnostic(`answered after ${Date.now() - asked} ms`);
    assert.match(await answer.innerText(), /evidență a persoanelor/);
    assert.ok(await answer.locator(".sources a").count());
    assert.equal(await page.locator("[data-listen], [data-microphone]").count(), 0, "no node: no buttons");
    await checkPage(page, "citizen-answer");
  });

  await t.test("a reload loses and doubles nothing", async () => {
    const before = await page.locator(".turn").count();
    await page.reload();
    await page.locator(".turn.assistant.answer").first().waitFor();
    assert.equal(await page.locator(".turn").count(), before);
    assert.equal(await page.locator(".turn.citizen").count(), 1);
  });

  await t.test("a source opens as a page of ours", async () => {
    const href = await page.locator(".sources a").first().getAttribute("href");
    const source = await page.context().newPage();
    await source.goto(new URL(href, appliance.url).href);
    await checkPage(source, "citizen-source");
    await source.close();
  });

  let reference;
  await t.test("the unknown question becomes a case with a reference and a term", async () => {
    await say(page, UNKNOWN);
    const banner = page.locator(".banner");
    await banner.waitFor({ timeout: 5000 });
    reference = (await banner.locator(".reference").innerText()).trim();
    assert.match(reference, /^\d{3} \d{3} \d{3}$/);
    await checkPage(page, "citizen-hand-over");
  });

  const staff = await browser.newContext({ locale: "ro-RO", viewport: { width: 1440, height: 900 } });
  const desk = await staff.newPage();
  watch(desk, appliance.url, problems);
  await t.test("the first operator must choose a password of their own", async () => {
    await signInFirst(desk, appliance, PASSWORD, () => checkPage(desk, "console-password"));
  });

  await t.test("without an inference node the page of nodes says what to do", async () => {
    await desk.locator(".console-nav a[href='/console/cluster']").click();
    await desk.locator("h2", { hasText: "Niciun nod" }).waitFor();
    await checkPage(desk, "console-cluster-empty");
    await desk.locator(".console-nav a").first().click();
  });

  await t.test("the operator finds the case in the queue, sees why, and takes it over", async () => {
    const row = desk.locator("tr[data-row]", { hasText: reference });
    await row.waitFor();
    await checkPage(desk, "console-queue");
    await row.locator("a").first().click();
    await desk.locator("text=crocodil").first().waitFor();
    await checkPage(desk, "console-conversation");
    await desk.locator("form.take button").click();
    await desk.locator("textarea#text").waitFor();
  });

  await t.test("the citizen sees who joined, and the operator's answer, without a reload", async () => {
    await desk.locator("textarea#text").fill("Bună ziua. Crocodilii nu pot fi ținuți acasă fără autorizație.");
    await desk.locator("button[value=stay]").click();
    const reply = page.locator(".turn.operator").last();
    await reply.waitFor({ timeout: 5000 });
    assert.match(await reply.innerText(), /Crocodilii nu pot fi ținuți/);
    await checkPage(page, "citizen-live");
    await checkPage(desk, "console-answered");
  });

  await t.test("the assistant is silent while a person answers", async () => {
    const before = await page.locator(".turn.assistant").count();
    await say(page, KNOWN);
    await desk.locator(".turn", { hasText: KNOWN }).last().waitFor({ timeout: 5000 });
    await page.waitForTimeout(1500);
    assert.equal(await page.locator(".turn.assistant").count(), before);
  });

  await t.test("the operator answers and closes, and the case is done for both", async () => {
    await desk.locator("textarea#text").fill("Am răspuns la ambele întrebări. O zi bună.");
    await desk.locator("button[value=close]").click();
    await page.locator(".banner.done").waitFor({ timeout: 5000 });
    await screenshot(page, "citizen-closed");
  });
  assert.deepEqual(problems, []);
  await staff.close();
});

test("the page works without JavaScript", async () => {
  const { page } = await citizen({ javaScriptEnabled: false });
  await page.goto(appliance.url);
  await say(page, KNOWN);
  const answer = page.locator(".turn.assistant.answer").last();
  await answer.waitFor({ timeout: 10000 });
  assert.ok(await answer.locator(".sources a").count());
  await page.locator("button[value=person]").first().click();
  await page.locator(".banner .reference").waitFor({ timeout: 10000 });
});

for (const [language, question, expected] of [
  ["hu", "lejárt a személyi igazolványom mit tegyek", /igazolvány/],
  ["en", "my identity card has expired what do I do", /identity card/],
]) {
  test(`a citizen is answered in ${language}`, async () => {
    const { page, problems } = await citizen({ locale: language });
    await page.goto(`${appliance.url}/?lang=${language}`);
    await say(page, question);
    const answer = page.locator(".turn.assistant.answer").last();
    await answer.waitFor({ timeout: 5000 });
    assert.match(await answer.innerText(), expected);
    await checkPage(page, `citizen-${language}`);
    assert.deepEqual(problems, []);
  });
}

for (const [name, options] of [
  ["phone", { viewport: { width: 360, height: 740 } }],
  ["dark", { viewport: { width: 768, height: 1024 }, colorScheme: "dark" }],
  ["zoom", { viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 }],
]) {
  test(`the answer reads well: ${name}`, async () => {
    const { page } = await citizen(options);
    await page.goto(appliance.url);
    await say(page, KNOWN);
    await page.locator(".turn.assistant.answer").last().waitFor({ timeout: 5000 });
    await checkPage(page, `citizen-${name}`);
  });
}

test("a screenshot of an error travels with the message and the operator can see it", async () => {
  const { page } = await citizen();
  await page.goto(appliance.url);
  const pixel = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  );
  await page.locator("#chat-file").setInputFiles({ name: "eroare.png", mimeType: "image/png", buffer: pixel });
  await say(page, "Vreau să vorbesc cu un om, am această eroare");
  await page.locator(".turn.citizen .file", { hasText: "eroare.png" }).waitFor({ timeout: 5000 });
  await page.locator(".banner .reference").waitFor({ timeout: 5000 });
});

test("the keyboard alone is enough", async () => {
  const { page } = await citizen();
  await page.goto(appliance.url);
  await page.locator("#chat-text").focus();
  await page.keyboard.type(KNOWN);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator(".turn.assistant.answer").last().waitFor({ timeout: 5000 });
});
