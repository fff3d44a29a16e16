// Debian's Chromium, and the checks that every page must pass.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const shots = process.env.SCREENSHOTS;

export function openBrowser(more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...more,
    ],
  });
}

// axe finds nothing, nothing comes from another host, and nothing overflows sideways.
export async function checkPage(page, name) {
  const found = await new AxeBuilder({ page }).analyze();
  const told = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`);
  assert.deepEqual(told, [], `${name}: axe`);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `${name}: ${overflow} px too wide`);
  await screenshot(page, name);
}

// Written only when SCREENSHOTS names a folder.
export async function screenshot(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${name}.png` });
}

// Fails the test when the page asks another host for anything or logs an error.
export function watch(page, origin, problems) {
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith(origin.replace("http", "ws")) && !/^(data|blob):/.test(url)) {
      problems.push(`asked another host: ${url}`);
    }
  });
  page.on("pageerror", (error) => problems.push(`script error: ${error}`));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console: ${message.text()}`);
  });
}

// Signs the first administrator in with the one-time password and chooses another, which the test may look at on the way.
export async function signInFirst(page, appliance, password = "o propoziție destul de lungă", seen = async () => {}) {
  await signIn(page, appliance.url, "admin", appliance.password, password, seen);
}

// Signs anybody in with a one-time password and chooses another.
export async function signIn(page, url, username, oneTime, password = "o propoziție destul de lungă", seen = async () => {}) {
  await page.goto(`${url}/console`);
  await page.locator("input[name=username]").fill(username);
  await page.locator("input[name=password]").fill(oneTime);
  await page.locator("form.sign-in button").click();
  await page.waitForURL(/\/console\/password/);
  await seen();
  const fields = page.locator("main input[type=password]");
  assert.ok((await fields.count()) >= 2);
  for (let index = 0; index < (await fields.count()); index++) {
    const name = await fields.nth(index).getAttribute("name");
    await fields.nth(index).fill(/current|old/.test(name) ? oneTime : password);
  }
  await page.locator("main form button").last().click();
  await page.waitForURL((address) => address.pathname === "/console");
}
