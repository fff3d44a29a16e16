// Tells the citizen that somebody is typing, at most every few seconds, and shows that the citizen is.
import { conversation, replyField } from "./page";

const EVERY_MS = 3_000;
const HOLDS_MS = 6_000;

/** Tells that the reply is being written. */
export function tellTyping(): void {
  let last = 0;
  document.addEventListener("input", (event) => {
    const now = Date.now();
    if (event.target !== replyField() || now - last < EVERY_MS) return;
    last = now;
    void fetch(`/console/conversations/${conversation()}/typing`, { method: "POST" }).catch(() => undefined);
  });
}

let hides: number | undefined;

/** Shows for a few seconds that the citizen is typing. */
export function showTyping(): void {
  const line = document.getElementById("typing");
  if (!line) return;
  const text = line.dataset["text"] ?? "";
  if (line.textContent !== text) line.textContent = text;
  window.clearTimeout(hides);
  hides = window.setTimeout(hideTyping, HOLDS_MS);
}

/** The citizen's words are there, or nothing came. */
export function hideTyping(): void {
  const line = document.getElementById("typing");
  if (line) line.textContent = "";
}
