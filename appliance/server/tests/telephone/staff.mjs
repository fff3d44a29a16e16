// A member of staff at the console without a browser: signed in, he reads what is said in a call while it goes on, and
// commands it.
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const PASSWORD = "o propoziție destul de lungă";

// A fixed text of the telephone's, as the page shows it.
export function prompt(name, language = "ro") {
  const file = new URL(`../../../channels/phone/dialogue/src/prompts/${language}.toml`, import.meta.url);
  const found = new RegExp(`^${name} = "(.*)"$`, "m").exec(readFileSync(file, "utf8"));
  if (!found) throw new Error(`no prompt ${name} in ${language}`);
  // What is filled in differs from call to call.
  return found[1].split("{")[0];
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

// Signs somebody in with his one-time password and chooses another.
export async function signedIn(url, username, oneTime) {
  const cookies = new Map();
  const ask = async (path, form) => {
    const headers = { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; "), origin: url };
    const asked = form ? { method: "POST", body: new URLSearchParams(form) } : {};
    const answer = await fetch(url + path, { ...asked, headers, redirect: "manual" });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      cookies.set(name, value);
    }
    if (answer.status >= 400) throw new Error(`${path}: ${answer.status}\n${await answer.text()}`);
    return answer;
  };
  await ask("/console/sign-in", { username, password: oneTime, next: "/console" });
  await ask("/console/password", { current: oneTime, new: PASSWORD, repeat: PASSWORD });
  // The words on a call's page.
  const seen = async (call) => {
    const page = await (await ask(`/console/calls/${call}`)).text();
    return page.slice(page.indexOf("<main")).replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  };
  return {
    ask,
    seen,
    // Waits until a call's page shows these words (or what fits an expression), or any of several; all of it then.
    async told(call, words, seconds = 30) {
      const wanted = [words].flat().map((one) => (one instanceof RegExp ? one : new RegExp(escaped(one))));
      const deadline = Date.now() + seconds * 1000;
      for (;;) {
        const page = await seen(call);
        if (wanted.some((one) => page.search(one) >= 0)) return page;
        if (Date.now() > deadline) throw new Error(`not said within ${seconds} s: "${wanted.join('", "')}"; the page has:\n${page}`);
        await pause(150);
      }
    },
    // `command`: as the buttons of the page are called; `more`: its fields.
    command: (call, command, more = {}) => ask(`/console/calls/${call}/command`, { command, ...more }),
  };
}
