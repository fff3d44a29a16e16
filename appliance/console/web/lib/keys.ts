// The console from the keyboard: j and k move through rows, Enter opens, p takes over, r replies, q leads back to the queue,
// ? shows these. Nothing that ends or sends anything is on one key.
import { isTyping } from "./page";

const rows = (): HTMLAnchorElement[] => [...document.querySelectorAll<HTMLAnchorElement>("tr[data-row] .c-subject a")];

function move(by: number): void {
  const all = rows();
  const at = all.findIndex((row) => row === document.activeElement);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function dialog(): HTMLDialogElement | null {
  return document.querySelector<HTMLDialogElement>("dialog#keys");
}

function press(key: string): void {
  const element = document.querySelector<HTMLElement>(`[data-key="${key}"]`);
  if (element instanceof HTMLButtonElement || element instanceof HTMLAnchorElement) element.click();
  else element?.focus();
}

/** Listens, except where keys go into a field. */
export function listenForKeys(): void {
  for (const button of document.querySelectorAll<HTMLElement>("[data-open-keys]")) {
    button.hidden = false;
    button.addEventListener("click", () => dialog()?.showModal());
  }
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.key !== "j" && event.key !== "k") return;
    if (event.key === "Escape" && isTyping(event.target)) {
      (event.target as HTMLElement).blur();
      return;
    }
    if (isTyping(event.target) || dialog()?.open) return;
    switch (event.key) {
      case "j": move(1); break;
      case "k": move(-1); break;
      case "p": press("p"); break;
      case "r": press("r"); break;
      case "q": location.assign("/console"); break;
      case "?": dialog()?.showModal(); break;
      default: return;
    }
    event.preventDefault();
  });
}
