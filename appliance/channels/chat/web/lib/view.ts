import { fill, type ConversationView, type Message, type Texts, type TurnView } from "./types";

/** For how long a sign of typing is shown, in milliseconds. */
const TYPING = 6000;

/** The parts of the frame, and what is shown in them. The frame is the page's own or the element's shadow. */
export class View {
  readonly form: HTMLFormElement;
  readonly text: HTMLTextAreaElement;
  readonly file: HTMLInputElement;
  readonly turns: HTMLElement;
  readonly files: HTMLElement;
  private readonly working: HTMLElement;
  private readonly banner: HTMLElement;
  private readonly status: HTMLElement;
  private readonly error: HTMLElement;
  private readonly spoken: HTMLElement;
  private readonly counted: HTMLElement;
  private owner = "assistant";
  private said = "";
  private partial = "";
  private timer: number | undefined;

  constructor(
    readonly root: HTMLElement,
    private readonly texts: Texts,
    private readonly server: string,
    private readonly own: boolean,
  ) {
    const part = <T extends HTMLElement>(selector: string): T => {
      const found = root.querySelector<T>(selector);
      if (!found) throw new Error(`the frame has no ${selector}`);
      return found;
    };
    this.form = part("[data-composer]");
    this.text = part("textarea[name=text]");
    this.file = part("input[type=file]");
    this.turns = part("[data-turns]");
    this.files = part("[data-files]");
    this.working = part("[data-working]");
    this.banner = part("[data-banner]");
    this.status = part("[data-status]");
    this.error = part("[data-error]");
    this.spoken = part("[data-voice]");
    this.counted = part("[data-count]");
    this.said = this.status.textContent ?? "";
    this.owner = root.dataset.owner ?? "assistant";
    this.banner.dataset.html = this.banner.innerHTML;
    root.classList.add("enhanced");
    this.finish(root);
  }

  /** The number of the last turn shown. */
  last(): number {
    const numbers = Array.from(this.turns.querySelectorAll<HTMLElement>("[data-number]"), (one) => Number(one.dataset.number));
    return numbers.length ? Math.max(...numbers) : 0;
  }

  private parse(html: string): HTMLElement | null {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild as HTMLElement | null;
  }

  /** Makes what the server rendered fit this page: addresses of the server's own, buttons that copy. */
  private finish(part: HTMLElement): void {
    if (!this.own) {
      for (const link of part.querySelectorAll<HTMLAnchorElement>('a[href^="/"]')) {
        link.href = this.server + (link.getAttribute("href") ?? "");
        link.target = "_blank";
        link.rel = "noopener";
      }
    }
    // Without this script the link leads to the sound; with it a button plays it here.
    for (const link of part.querySelectorAll<HTMLAnchorElement>("a[data-listen]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = link.className;
      button.dataset.listen = new URL(link.getAttribute("href") ?? "", this.server).href;
      button.dataset.said = link.textContent?.trim() ?? "";
      button.setAttribute("aria-describedby", link.getAttribute("aria-describedby") ?? "");
      button.append(...Array.from(link.childNodes));
      link.replaceWith(button);
    }
    for (const source of part.querySelectorAll<HTMLElement>("[data-copy]")) {
      if (!isSecureContext || source.nextElementSibling?.classList.contains("copy")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button quiet compact copy";
      button.textContent = this.texts.copy;
      button.onclick = () => {
        void navigator.clipboard.writeText(source.dataset.copy ?? "").then(() => {
          button.textContent = this.texts.copied;
          setTimeout(() => (button.textContent = this.texts.copy), 2000);
        });
      };
      source.after(button);
    }
  }

  /** There is a conversation now: it can be taken along, and on our own pages left behind. */
  begun(transcript: string): void {
    const link = this.root.querySelector<HTMLAnchorElement>("[data-transcript]");
    if (link) {
      link.href = transcript;
      link.hidden = false;
    }
    if (this.own) document.querySelector("[data-new]")?.removeAttribute("hidden");
  }

  /** The field grows with what is written. */
  grow(): void {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight + this.text.offsetHeight - this.text.clientHeight}px`;
  }

  /** Shows a turn once, in its place. */
  turn(turn: TurnView): void {
    if (turn.author !== "citizen") this.quiet();
    const known = this.turns.querySelector(`[data-number="${turn.number}"]`);
    const item = this.parse(turn.html ?? "");
    if (!item || (known && !known.classList.contains("pending"))) return;
    this.finish(item);
    if (known) {
      known.replaceWith(item);
    } else {
      const later = Array.from(this.turns.children).find((other) => {
        const number = (other as HTMLElement).dataset.number;
        return other.classList.contains("pending") ? !number : Number(number) > turn.number;
      });
      this.turns.insertBefore(item, later ?? null);
    }
    this.root.querySelector("[data-suggestions]")?.remove();
    if (turn.author !== "citizen") this.show(item);
    this.work();
  }

  /** A message on its way. */
  pending(message: Message, label: string): void {
    this.root.querySelector("[data-suggestions]")?.remove();
    const item = document.createElement("li");
    item.className = "turn citizen pending";
    item.dataset.key = message.key;
    const meta = document.createElement("p");
    meta.className = "meta";
    meta.textContent = this.texts.sending;
    const bubble = document.createElement("div");
    bubble.className = "bubble";
    const words = document.createElement("div");
    words.className = "prose";
    words.textContent = label;
    bubble.append(words);
    item.append(meta, bubble);
    this.turns.append(item);
    this.show(item);
  }

  private waiting(key: string): HTMLElement | null {
    return this.turns.querySelector<HTMLElement>(`.pending[data-key="${key}"]`);
  }

  /** The message is durable as turn `number`; the turn itself follows or is here. */
  received(key: string, number: number): void {
    const item = this.waiting(key);
    if (!item) return;
    if (this.turns.querySelector(`[data-number="${number}"]`)) item.remove();
    else {
      item.dataset.number = String(number);
      item.querySelector(".meta")?.replaceChildren();
    }
    this.work();
  }

  delayed(key: string): void {
    const meta = this.waiting(key)?.querySelector(".meta");
    if (meta) meta.textContent = this.texts.unsent;
  }

  withdrawn(key: string): void {
    this.waiting(key)?.remove();
  }

  conversation(conversation: ConversationView): void {
    this.owner = conversation.owner;
    this.root.dataset.owner = conversation.owner;
    this.said = conversation.status;
    this.status.textContent = conversation.status;
    const html = conversation.html ?? "";
    if (this.banner.dataset.html !== html) {
      this.banner.dataset.html = html;
      const banner = this.parse(html);
      const first = !this.banner.childElementCount;
      this.banner.replaceChildren(...(banner ? [banner] : []));
      this.finish(this.banner);
      if (banner && first) this.reveal(banner);
    }
    this.work();
  }

  /** Shows that the assistant owes an answer. */
  work(): void {
    const last = this.turns.lastElementChild;
    const owed = last?.classList.contains("citizen") && (last as HTMLElement).dataset.number && this.owner === "assistant";
    if (!owed) {
      if (!this.timer) this.working.replaceChildren();
      return;
    }
    if (this.working.childElementCount && !this.partial) return;
    const words = document.createElement("p");
    words.textContent = this.texts.working;
    const bubble = document.createElement("div");
    bubble.className = "bubble";
    bubble.setAttribute("aria-hidden", "true");
    if (this.partial) bubble.textContent = this.partial;
    else for (let line = 0; line < 3; line += 1) bubble.append(Object.assign(document.createElement("div"), { className: "skeleton" }));
    this.working.replaceChildren(words, bubble);
  }

  hearPart(text: string): void {
    this.partial = this.partial ? `${this.partial} ${text}` : text;
    this.work();
  }

  typing(name: string): void {
    const words = document.createElement("p");
    words.textContent = fill(this.texts.typing, { name });
    this.working.replaceChildren(words);
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.quiet(), TYPING);
  }

  private quiet(): void {
    this.partial = "";
    clearTimeout(this.timer);
    this.timer = undefined;
    this.working.replaceChildren();
  }

  online(online: boolean): void {
    this.status.textContent = online ? this.said : this.texts.offline;
  }

  /** What the microphone does, read out when it changes; empty: nothing. */
  voice(words: string): void {
    this.spoken.textContent = words;
    this.counted.textContent = "";
  }

  /** The same for the eye alone: a screen reader is not told each second. */
  count(words: string): void {
    this.counted.textContent = words;
  }

  /** Beside the form; empty: none. `field`: what was written is at fault. */
  problem(words: string, field = true): void {
    this.error.textContent = words;
    this.error.hidden = !words;
    if (words && field) this.text.setAttribute("aria-invalid", "true");
    else this.text.removeAttribute("aria-invalid");
  }

  /** Whole, above the form; from its beginning where there is no room. */
  private reveal(item: HTMLElement): void {
    const room = innerHeight - (this.form.parentElement?.offsetHeight ?? 0);
    item.scrollIntoView({ block: item.offsetHeight < room ? "end" : "start", behavior: this.behavior() });
  }

  private behavior(): ScrollBehavior {
    return matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  }

  private show(item: HTMLElement): void {
    // What was just said or asked stays in view with the beginning of its answer.
    const before = item.previousElementSibling as HTMLElement | null;
    const anchor = !item.classList.contains("citizen") && before?.classList.contains("citizen") ? before : item;
    anchor.scrollIntoView({ block: "start", behavior: this.behavior() });
  }
}
