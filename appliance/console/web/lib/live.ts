// Keeps the page as things stand: the server says that something changed, the page is fetched again and its live parts are
// replaced. Words being typed, open details, focus and scroll stay.
import { showDraft, draft } from "./draft";
import { isClose, isLive, replyField, watched } from "./page";
import { hideTyping, showTyping } from "./typing";

/** So often at most: many changes are shown together. */
const AT_MOST_MS = { list: 1_500, close: 250 };
/** Times said ("12 min") grow old: so often at least, while the page is seen. */
const AT_LEAST_MS = 60_000;

let wanted: number | undefined;
let lastFetch = 0;
let running = false;
let again = false;
/** How the call stood when the page came. */
const settledAtFirst = document.querySelector<HTMLElement>("[data-settled]")?.dataset["settled"];

/** Follows the server's signals while the page is open. */
export function goLive(): void {
  if (!isLive()) return;
  const source = new EventSource(`/console/events${watched()}`);
  const offline = document.getElementById("offline");
  let opened = false;
  source.addEventListener("open", () => {
    if (offline) offline.hidden = true;
    // What changed while nobody listened.
    if (opened) refreshSoon();
    opened = true;
  });
  source.addEventListener("error", () => {
    if (offline) offline.hidden = false;
    // The server said no (signed out, restarted): fetching the page tells which.
    if (source.readyState === EventSource.CLOSED) window.setTimeout(refreshSoon, 5_000);
  });
  source.addEventListener("changed", refreshSoon);
  source.addEventListener("typing", showTyping);
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refreshSoon();
  });
  window.setInterval(() => {
    if (!document.hidden && Date.now() - lastFetch >= AT_LEAST_MS) refreshSoon();
  }, 5_000);
}

function refreshSoon(): void {
  if (wanted !== undefined) return;
  const pause = isClose() ? AT_MOST_MS.close : AT_MOST_MS.list;
  wanted = window.setTimeout(() => {
    wanted = undefined;
    void refresh();
  }, Math.max(100, lastFetch + pause - Date.now()));
}

async function refresh(): Promise<void> {
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    // A page of earlier turns stays as it is: it does not change.
    if (new URLSearchParams(location.search).has("before")) return;
    const address = new URL(location.href);
    address.searchParams.delete("notice");
    const response = await fetch(address, { headers: { accept: "text/html" } });
    lastFetch = Date.now();
    if (response.redirected || response.status === 403 || response.status === 404) {
      // Signed out or no longer to be seen: the server's own page says so; what was typed is kept.
      location.assign(location.pathname + address.search);
      return;
    }
    if (!response.ok) return;
    show(new DOMParser().parseFromString(await response.text(), "text/html"));
  } catch {
    // No connection: the line at the top says so, and the next signal tries again.
  } finally {
    running = false;
    if (again) {
      again = false;
      refreshSoon();
    }
  }
}

function show(fresh: Document): void {
  const watch = (page: Document): string | undefined => page.querySelector<HTMLElement>("[data-page]")?.dataset["watch"];
  // A call that has ended is another page: its sound, its figures.
  if (watch(fresh) !== watch(document)) {
    location.reload();
    return;
  }
  document.title = fresh.title;
  outliveNotice(fresh);
  for (const old of document.querySelectorAll<HTMLElement>("[data-live]")) {
    const name = old.dataset["live"];
    const next = fresh.querySelector<HTMLElement>(`[data-live="${name}"]`);
    if (!next || name === "notice" || old.innerHTML === next.innerHTML || isBeingEdited(old)) continue;
    replace(old, next);
  }
  addTurns(fresh);
  showComposer(fresh);
}

/** What an act on a call came to is told until it is done or has failed, which the page then shows. */
function outliveNotice(fresh: Document): void {
  const settled = fresh.querySelector<HTMLElement>("[data-settled]")?.dataset["settled"];
  const failed = fresh.querySelector('[data-live="trouble"] .notice');
  if (failed || (settled && settled !== settledAtFirst)) document.querySelector("[data-notice]")?.remove();
}

/** Somebody chooses or types in it: it is renewed when they are done. */
function isBeingEdited(part: HTMLElement): boolean {
  const active = document.activeElement;
  return part.contains(active) && active instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(active.tagName);
}

function replace(old: HTMLElement, next: HTMLElement): void {
  const open = [...old.querySelectorAll<HTMLDetailsElement>("details[data-keep][open]")].map((part) => part.dataset["keep"]);
  const row = document.activeElement?.closest<HTMLElement>("tr[data-row]")?.dataset["row"];
  old.innerHTML = next.innerHTML;
  for (const name of open) {
    old.querySelector<HTMLDetailsElement>(`details[data-keep="${name}"]`)?.setAttribute("open", "");
  }
  if (row) old.querySelector<HTMLElement>(`tr[data-row="${row}"] .c-subject a`)?.focus({ preventScroll: true });
}

/** New turns are added, so that a screen reader says them and nothing else. */
function addTurns(fresh: Document): void {
  const list = document.querySelector<HTMLElement>("[data-turns]");
  if (!list) return;
  const atEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 120;
  let added = false;
  for (const turn of fresh.querySelectorAll<HTMLElement>("[data-turns] > li")) {
    const old = list.querySelector<HTMLElement>(`:scope > li[data-number="${turn.dataset["number"]}"]`);
    if (!old) {
      list.append(document.importNode(turn, true));
      added = true;
    } else if (old.innerHTML !== turn.innerHTML && !old.querySelector("details[open]")) {
      old.innerHTML = turn.innerHTML;
    }
  }
  if (added) {
    hideTyping();
    if (atEnd) list.lastElementChild?.scrollIntoView({ block: "nearest" });
  }
}

/** What may be done changes with the owner; while it does not, the field and what is in it are left alone. */
function showComposer(fresh: Document): void {
  const old = document.querySelector<HTMLElement>("[data-composer]");
  const next = fresh.querySelector<HTMLElement>("[data-composer]");
  if (!old || !next || old.dataset["composer"] === next.dataset["composer"]) return;
  const hadFocus = old.contains(document.activeElement);
  const typed = replyField()?.value ?? "";
  old.dataset["composer"] = next.dataset["composer"];
  old.innerHTML = next.innerHTML;
  const field = replyField();
  if (field && typed) field.value = typed;
  if (draft()) showDraft();
  if (hadFocus) (field ?? old.querySelector<HTMLElement>("button"))?.focus({ preventScroll: true });
}
