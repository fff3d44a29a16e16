// What is being typed survives a reload, a lost connection and another's hand-over. It stays in this browser and goes when
// the reply was sent.
import { conversation, replyField } from "./page";

const storageKey = (id: string): string => `sfetnic-draft:${id}`;

/** The draft for this page's conversation. */
export function draft(): string {
  const id = conversation();
  try {
    return (id && localStorage.getItem(storageKey(id))) || "";
  } catch {
    return "";
  }
}

function keep(text: string): void {
  const id = conversation();
  if (!id) return;
  try {
    if (text.trim()) localStorage.setItem(storageKey(id), text);
    else localStorage.removeItem(storageKey(id));
  } catch {
    // No storage here (private window, full disk): the field itself still holds the text.
  }
}

/** Puts the draft back into the field, or beside it where the conversation is no longer this operator's. */
export function showDraft(): void {
  const field = replyField();
  const text = draft();
  if (field) {
    if (!field.value && text) field.value = text;
    mark();
    return;
  }
  const kept = document.querySelector<HTMLElement>("[data-unsent]");
  const area = kept?.querySelector("textarea");
  if (kept && area && text && !document.getElementById("unsent")) {
    area.value = text;
    kept.hidden = false;
  }
}

function mark(): void {
  const note = document.querySelector<HTMLElement>("[data-draft-note]");
  if (note) note.hidden = !replyField()?.value.trim();
}

/** Keeps drafts while they are written. */
export function keepDraft(): void {
  const sent = document.querySelector<HTMLElement>("[data-notice]")?.dataset["notice"];
  if (sent === "replied" || sent === "reply_closed") {
    keep("");
    // Seen once: a reload must not take a newer draft away.
    history.replaceState(null, "", location.pathname + location.hash);
  }
  showDraft();
  document.addEventListener("input", (event) => {
    if (event.target === replyField()) {
      keep(replyField()?.value ?? "");
      mark();
    }
  });
}
