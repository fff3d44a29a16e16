// Spoken chat in a real browser: an answer is heard, a question is said, by a real inference node.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startAppliance } from "./appliance.mjs";
import { checkPage, openBrowser, screenshot, signInFirst, watch } from "./browser.mjs";
import { asFile, listenIn, measure, startNode } from "./node.mjs";

const QUESTION = "mi-a expirat buletinul ce fac";

let appliance, browser, node, ear, folder, talking, silent;

before(async () => {
  node = await startNode();
  ear = await listenIn(node);
  appliance = await startAppliance(
    (port) => `[chat]
demo = true
allowed_origins = ["http://localhost:${port}"]
[[inference.nodes]]
name = "voice"
url = "${ear.url}"
key_file = "${node.keyFile}"`,
  );
  const deadline = Date.now() + 60_000;
  for (;;) {
    const widget = await (await fetch(`${appliance.url}/api/v1/widget?lang=ro`)).json();
    if (widget.listening && widget.speaking) break;
    assert.ok(Date.now() < deadline, `the nodes are not heard:\n${appliance.complaints()}`);
    await new Promise((later) => setTimeout(later, 100));
  }
  folder = mkdtempSync(join(tmpdir(), "sfetnic-microphone-"));
  talking = join(folder, "talking.wav");
  const spoken = await fetch(`${node.url}/v1/audio/speech`, {
    method: "POST",
    headers: { authorization: `Bearer ${readFileSync(node.keyFile, "utf8").trim()}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "auto", input: QUESTION, language: "ro" }),
  });
  const sound = Buffer.from(await spoken.arrayBuffer());
  writeFileSync(talking, asFile(sound, 30));
  silent = join(folder, "silent.wav");
  writeFileSync(silent, asFile(sound.subarray(0, sound.indexOf("data") + 8), 30));
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await appliance?.stop();
  ear?.stop();
  await node?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function citizen(options = {}, from = browser) {
  const context = await from.newContext({ locale: "ro-RO", viewport: { width: 768, height: 1024 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const problems = [];
  watch(page, appliance.url, problems);
  return { context, page, problems };
}

async function say(page, text) {
  await page.locator("#chat-text").fill(text);
  await page.locator("[data-send]").click();
}

async function ask(page, text = QUESTION) {
  const before = await page.locator(".turn.assistant").count();
  await say(page, text);
  const answer = page.locator(".turn.assistant").nth(before);
  await answer.waitFor();
  return answer;
}

// The browser's own word for it: sound comes out.
function playing(page) {
  return page.evaluate(
    () =>
      new Promise((plays) => {
        document.querySelector("audio[data-player]").addEventListener("playing", () => plays(true), { once: true });
      }),
  );
}

const player = (page) => page.locator("audio[data-player]");
const paused = (page) => player(page).evaluate((audio) => audio.paused);

test("an answer is heard, stopped, and heard no longer when the citizen goes on", async (t) => {
  const { page, problems } = await citizen();
  await page.goto(appliance.url);
  const answer = await ask(page);
  const listen = answer.locator("button[data-listen]");
  assert.equal((await listen.innerText()).trim(), "Ascultați");

  await t.test("it plays to the ear", async () => {
    const heard = playing(page);
    await listen.click();
    await heard;
    assert.equal((await listen.innerText()).trim(), "Opriți");
    await page.waitForFunction(() => document.querySelector("audio[data-player]").currentTime > 1);
    await checkPage(page, "speech-playing");
  });

  await t.test("pressed again it stops", async () => {
    await listen.click();
    assert.equal((await listen.innerText()).trim(), "Ascultați");
    assert.ok(await paused(page));
  });

  await t.test("what was sent is speech of its length", async () => {
    const href = await listen.getAttribute("data-listen");
    const fetched = await page.request.get(href);
    assert.equal(fetched.status(), 200);
    assert.equal(fetched.headers()["content-type"], "audio/wav");
    assert.equal(fetched.headers()["cache-control"], "private, max-age=3600");
    const sound = measure(await fetched.body());
    assert.ok(sound.seconds > 3 && sound.loudness > 300, JSON.stringify(sound));
  });

  await t.test("a second answer silences the first, and a message silences both", async () => {
    const second = await ask(page, "Cum fac un pașaport?");
    let heard = playing(page);
    await listen.click();
    await heard;
    heard = playing(page);
    await second.locator("button[data-listen]").click();
    await heard;
    assert.equal((await listen.innerText()).trim(), "Ascultați");
    assert.equal((await second.locator("button[data-listen]").innerText()).trim(), "Opriți");
    await say(page, "Mulțumesc");
    assert.ok(await paused(page));
    assert.equal((await second.locator("button[data-listen]").innerText()).trim(), "Ascultați");
  });
  assert.deepEqual(problems, []);
});

test("the keyboard alone plays and stops", async () => {
  const { page } = await citizen();
  await page.goto(appliance.url);
  const listen = (await ask(page)).locator("button[data-listen]");
  await listen.focus();
  const heard = playing(page);
  await page.keyboard.press("Enter");
  await heard;
  await page.keyboard.press("Space");
  assert.ok(await paused(page));
});

test("without JavaScript the answer leads to its sound and no microphone is shown", async () => {
  const { page } = await citizen({ javaScriptEnabled: false });
  await page.goto(appliance.url);
  const answer = await ask(page);
  const sound = await page.request.get(new URL(await answer.locator("a[data-listen]").getAttribute("href"), appliance.url).href);
  assert.equal(sound.headers()["content-type"], "audio/wav");
  assert.ok(measure(await sound.body()).loudness > 300);
  assert.ok(await page.locator("[data-microphone]").isHidden());
  await screenshot(page, "speech-no-script");
});

test("on another site the element plays an answer whose secret no cookie carries", async () => {
  const context = await browser.newContext({ locale: "ro-RO", viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(`${appliance.url.replace("127.0.0.1", "localhost")}/demo`);
  await page.locator("sfetnic-chat .launcher").click();
  await say(page, QUESTION);
  const listen = page.locator(".turn.assistant button[data-listen]").last();
  await listen.waitFor();
  await listen.click();
  await page.waitForFunction(() => {
    const audio = document.querySelector("sfetnic-chat").shadowRoot.querySelector("audio[data-player]");
    return audio.src.startsWith("blob:") && audio.currentTime > 0.5;
  });
  await screenshot(page, "speech-element");
  await context.close();
});

// A browser whose microphone hears a file, over and over.
function microphoneHears(file) {
  return openBrowser([
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-audio-capture=${file}`,
  ]);
}

test("a question is said, checked and only then sent", async (t) => {
  const talker = await microphoneHears(talking);
  const { page, problems } = await citizen({ permissions: ["microphone"] }, talker);
  await page.goto(appliance.url);
  const microphone = page.locator("[data-microphone]");

  await t.test("the recording ends by itself when nobody talks any more", async () => {
    await page.locator("#chat-text").fill("Bună ziua.");
    await microphone.click();
    await page.locator("[data-microphone][aria-pressed=true]").waitFor();
    await page.locator("[data-count]", { hasText: "1 din 60" }).waitFor();
    await screenshot(page, "speech-recording");
    await checkPage(page, "speech-recorded");
    await page.locator("[data-voice]", { hasText: "Verificați textul și trimiteți-l." }).waitFor();
    assert.equal(await microphone.getAttribute("aria-pressed"), "false");
  });

  await t.test("the browser sent 16 kHz, one channel, with the voice in it", () => {
    assert.equal(ear.recordings.length, 1);
    const sound = measure(ear.recordings[0]);
    assert.deepEqual([sound.channels, sound.rate], [1, 16_000]);
    assert.ok(sound.seconds > 2 && sound.seconds < 30 && sound.loudness > 100, JSON.stringify(sound));
  });

  await t.test("the words wait in the field, and nothing was said", async () => {
    assert.equal(await page.locator("#chat-text").inputValue(), `Bună ziua. ${QUESTION}`);
    assert.ok(await page.locator("#chat-text").evaluate((field) => field === document.activeElement));
    assert.equal(await page.locator(".turn").count(), 0);
    await checkPage(page, "speech-written");
    await page.keyboard.press("Enter");
    await page.locator(".turn.assistant").last().waitFor();
  });

  assert.deepEqual(problems, []);
  await talker.close();
});

test("a second press ends the recording, and no word is an empty field and a sentence", async () => {
  const nobody = await microphoneHears(silent);
  const { page, problems } = await citizen({ permissions: ["microphone"] }, nobody);
  await page.goto(appliance.url);
  const microphone = page.locator("[data-microphone]");
  await microphone.click();
  await page.locator("[data-count]", { hasText: /[2-9] din 60/ }).waitFor();
  await microphone.click();
  await page.locator("[data-error]", { hasText: "Nu am auzit nimic" }).waitFor();
  assert.equal(await page.locator("#chat-text").inputValue(), "");
  assert.equal(await page.locator("#chat-text").getAttribute("aria-invalid"), null);
  assert.deepEqual(problems, []);
  await nobody.close();
});

test("the console shows the node, its models and what waits for them", async () => {
  const { page, problems } = await citizen({ viewport: { width: 1440, height: 900 } });
  await signInFirst(page, appliance);
  await page.goto(`${appliance.url}/console/cluster`);
  await page.locator("h3", { hasText: "voice" }).waitFor();
  await page.locator("th", { hasText: "espeak" }).waitFor();
  await page.getByRole("rowheader", { name: "tiny-whisper", exact: true }).waitFor();
  await page.getByRole("rowheader", { name: "tiny-whisper în direct", exact: true }).waitFor();
  assert.equal(await page.locator(".cluster-page .tag.bad").count(), 0);
  await checkPage(page, "console-cluster");
  await page.setViewportSize({ width: 360, height: 740 });
  await checkPage(page, "console-cluster-360");
  // It renews itself: a node that dies is seen to be silent without a reload.
  await node.pause();
  await page.locator(".tag.bad", { hasText: "nu se mai aude" }).waitFor();
  node.goOn();
  await page.locator(".tag.bad").waitFor({ state: "detached" });
  assert.deepEqual(problems, []);
});

test("a microphone that is not allowed is said so, and the field still works", async () => {
  const refusing = await openBrowser(["--use-fake-device-for-media-stream"]);
  const { page } = await citizen({}, refusing);
  await page.goto(appliance.url);
  await page.locator("[data-microphone]").click();
  await page.locator("[data-error]", { hasText: "Microfonul nu este permis" }).waitFor();
  await checkPage(page, "speech-refused");
  await ask(page);
  await refusing.close();
});

for (const width of [360, 1440]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`both buttons read well: ${width} px, ${colorScheme}`, async () => {
      const { page, problems } = await citizen({ viewport: { width, height: width === 360 ? 740 : 900 }, colorScheme });
      await page.goto(appliance.url);
      await checkPage(page, `speech-empty-${width}-${colorScheme}`);
      const listen = (await ask(page)).locator("button[data-listen]");
      await listen.scrollIntoViewIfNeeded();
      const heard = playing(page);
      await listen.click();
      await heard;
      await checkPage(page, `speech-${width}-${colorScheme}`);
      for (const target of [listen, page.locator("[data-microphone]")]) {
        const box = await target.boundingBox();
        assert.ok(box.width >= 44 && box.height >= 44, JSON.stringify(box));
      }
      assert.deepEqual(problems, []);
    });
  }
}
