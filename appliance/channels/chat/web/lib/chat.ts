import { type Api, Failure, type Session, type Uploaded } from "./api";
import { Connection } from "./connection";
import { Dictation } from "./dictation";
import { Player } from "./player";
import { Shelf } from "./storage";
import { fill, randomKey, type Message, type PageEvent, type Texts } from "./types";
import type { View } from "./view";

const TYPING_EVERY = 3000;

/**
 * One conversation in one frame. What the citizen sends is kept with its key until the server has it, also over a reload, and sent
 * again with the same key: the server says it once.
 */
export class Chat {
  private readonly shelf: Shelf;
  private session: Session | undefined;
  private connection: Connection | undefined;
  private readonly uploaded: Uploaded[] = [];
  private readonly uploads = new Set<Promise<void>>();
  private waitingForFiles = false;
  private sending = false;
  private typedAt = 0;
  private readonly player: Player;
  private readonly dictation: Dictation;

  constructor(
    private readonly api: Api,
    private readonly view: View,
    private readonly texts: Texts,
    known: Session | undefined,
  ) {
    this.shelf = new Shelf(`sfetnic:${api.server}:`);
    // On our own pages the cookie knows; elsewhere the visitor's browser does.
    this.session = known ?? (api.cookie ? undefined : this.shelf.read<Session>("session"));
    if (api.cookie && this.shelf.read<string>("of") !== (known?.id ?? "")) {
      // Another conversation than the one these words were meant for; what began without one still belongs to this.
      if (this.shelf.read<string>("of")) this.shelf.remove("unsent");
      this.shelf.write("of", known?.id ?? "");
    }
    this.listen();
    this.player = new Player(view, texts, api.cookie, (path) => api.sound(this.session, path));
    this.dictation = new Dictation(view, texts, api.server, {
      hear: (recording) => api.hear(this.session, recording),
      begins: () => this.player.stop(),
      written: () => this.typed(),
    });
    const draft = this.shelf.read<string>("draft");
    if (draft && !view.text.value) view.text.value = draft;
    if (view.text.value) view.grow();
    for (const message of this.unsent()) view.pending(message, message.text);
    if (this.session) this.follow();
    void this.flush();
  }

  private unsent(): Message[] {
    return this.shelf.read<Message[]>("unsent") ?? [];
  }

  private listen(): void {
    const { root, form, text, file } = this.view;
    root.addEventListener("submit", (event) => this.submit(event as SubmitEvent));
    root.addEventListener("click", (event) => this.click(event));
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing && matchMedia("(pointer: fine)").matches) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    text.addEventListener("input", () => {
      this.typed();
      this.view.voice("");
      this.view.problem("");
      if (Date.now() - this.typedAt > TYPING_EVERY) {
        this.typedAt = Date.now();
        this.connection?.typing();
      }
    });
    file.addEventListener("change", () => {
      for (const one of Array.from(file.files ?? [])) this.take(one);
      file.value = "";
    });
    text.addEventListener("paste", (event) => {
      for (const one of Array.from(event.clipboardData?.files ?? [])) this.take(one);
    });
  }

  /** The field has other words now. */
  private typed(): void {
    this.shelf.write("draft", this.view.text.value);
    this.view.grow();
  }

  private submit(event: SubmitEvent): void {
    const form = event.target as HTMLFormElement;
    const button = event.submitter as HTMLButtonElement | null;
    if (form.matches("[data-opinion]")) {
      event.preventDefault();
      void this.opinion(form, button?.value === "yes");
      return;
    }
    if (form.getAttribute("action") !== "/mesaj") return;
    event.preventDefault();
    if (button?.name === "pick") {
      const [turn, number] = button.value.split(":").map(Number);
      this.say(button.textContent ?? "", { turn: turn ?? 0, number: number ?? 0 });
    } else if (button?.name === "say") {
      this.say(this.view.turns.dataset.person ?? "");
    } else if (button?.name === "text") {
      this.say(button.value);
    } else {
      void this.sayTyped();
    }
  }

  private async sayTyped(): Promise<void> {
    if (this.waitingForFiles) return;
    this.waitingForFiles = true;
    await Promise.all(this.uploads);
    this.waitingForFiles = false;
    const text = this.view.text.value.trim();
    if (!text && !this.uploaded.length) {
      this.view.problem(this.view.text.dataset.empty ?? "");
      this.view.text.focus();
      return;
    }
    this.view.text.value = "";
    this.view.grow();
    this.shelf.remove("draft");
    this.say(text, undefined, this.uploaded.splice(0));
    this.view.files.replaceChildren();
  }

  private say(text: string, pick?: Message["pick"], files: Uploaded[] = []): void {
    this.player.stop();
    this.dictation.stop();
    this.view.voice("");
    this.view.problem("");
    const message: Message = { key: randomKey(), text, attachments: files.map((file) => file.token) };
    if (pick) message.pick = pick;
    this.shelf.write("unsent", [...this.unsent(), message]);
    this.view.pending(message, [text, ...files.map((file) => file.name)].filter(Boolean).join("\n"));
    void this.flush();
  }

  /** Begins the conversation if there is none; a repeated attempt begins the same. */
  private async begun(): Promise<Session> {
    if (this.session) return this.session;
    const key = this.shelf.read<string>("begin") ?? randomKey();
    this.shelf.write("begin", key);
    const session = await this.api.begin(key);
    if (!this.session) {
      this.session = session;
      if (this.api.cookie) this.shelf.write("of", session.id);
      else this.shelf.write("session", session);
      this.follow();
    }
    this.shelf.remove("begin");
    return this.session;
  }

  /** Sends what is unsent, one after the other. */
  private async flush(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    let wait = 1000;
    for (let message = this.unsent()[0]; message; message = this.unsent()[0]) {
      const { key } = message;
      try {
        const session = await this.begun();
        const number = this.connection
          ? await this.connection.send(message)
          : (await this.api.send(session, message)).turn.number;
        this.view.received(key, number);
        this.forget(key);
        wait = 1000;
      } catch (error) {
        const failure = error instanceof Failure ? error : new Failure(0, String(error), 0);
        if (failure.status === 401) {
          this.leave();
        } else if (failure.again) {
          this.view.delayed(key);
          await new Promise((resolve) => setTimeout(resolve, Math.max(failure.retryAfter * 1000, wait)));
          wait = Math.min(wait * 2, 15000);
        } else {
          this.forget(key);
          this.view.withdrawn(key);
          this.view.problem(failure.message);
          if (!this.view.text.value) this.view.text.value = message.text;
        }
      }
    }
    this.sending = false;
  }

  private forget(key: string): void {
    const left = this.unsent().filter((message) => message.key !== key);
    if (left.length) this.shelf.write("unsent", left);
    else this.shelf.remove("unsent");
  }

  /** The server no longer knows the conversation: the next message begins another. */
  private leave(): void {
    this.connection?.close();
    this.connection = undefined;
    this.session = undefined;
    this.shelf.remove("session");
    this.view.turns.querySelectorAll("[data-number]").forEach((turn) => turn.remove());
  }

  private follow(): void {
    const session = this.session;
    if (!session || this.connection) return;
    this.view.begun(`${this.api.server}/api/v1/conversations/${session.id}/transcript?lang=${this.api.language}`);
    this.connection = new Connection(
      this.api,
      session,
      () => this.seen(),
      (event) => this.hear(event),
      (online) => this.view.online(online),
      () => this.leave(),
    );
  }

  /** The last turn shown; one that is only announced is asked for again. */
  private seen(): number {
    const announced = this.view.turns.querySelector<HTMLElement>(".pending[data-number]");
    return announced ? Number(announced.dataset.number) - 1 : this.view.last();
  }

  private hear(event: PageEvent): void {
    if (event.type === "turn") this.view.turn(event.turn);
    else if (event.type === "conversation") this.view.conversation(event.conversation);
    else if (event.type === "partial") this.view.hearPart(event.text);
    else if (event.type === "typing") this.view.typing(event.name);
  }

  // A message waits for the files that were chosen before it.
  private take(file: File): void {
    const upload = this.upload(file).finally(() => this.uploads.delete(upload));
    this.uploads.add(upload);
  }

  private async upload(file: File): Promise<void> {
    const item = document.createElement("li");
    item.textContent = fill(this.texts.uploading, { name: file.name });
    this.view.files.append(item);
    try {
      const uploaded = await this.api.upload(await this.begun(), file);
      this.uploaded.push(uploaded);
      const remove = document.createElement("button");
      remove.type = "button";
      remove.className = "button quiet compact";
      remove.textContent = "×";
      remove.setAttribute("aria-label", fill(this.texts.remove, { name: uploaded.name }));
      remove.onclick = () => {
        this.uploaded.splice(this.uploaded.indexOf(uploaded), 1);
        item.remove();
        this.view.text.focus();
      };
      item.replaceChildren(`${uploaded.name} (${uploaded.size})`, remove);
    } catch (error) {
      item.remove();
      const why = error instanceof Failure && error.message ? error.message : this.texts.offline;
      this.view.problem(fill(this.texts.upload_failed, { name: file.name, why }));
    }
  }

  private async opinion(form: HTMLFormElement, useful: boolean): Promise<void> {
    const number = Number(form.querySelector<HTMLInputElement>("input[name=number]")?.value);
    const why = form.querySelector<HTMLTextAreaElement>("textarea")?.value.trim();
    if (!this.session) return;
    try {
      await this.api.opinion(this.session, number, useful, !useful && why ? why : undefined);
      const thanks = document.createElement("p");
      thanks.className = "thanks";
      thanks.setAttribute("role", "status");
      thanks.textContent = (useful ? form.dataset.thanksYes : form.dataset.thanksNo) ?? "";
      form.replaceWith(thanks);
    } catch (error) {
      this.view.problem(error instanceof Failure && error.message ? error.message : this.texts.offline);
    }
  }

  /** Files behind a secret that no cookie carries are fetched and handed to the browser. */
  private click(event: MouseEvent): void {
    const link = (event.target as HTMLElement).closest<HTMLAnchorElement>("a[data-file], a[data-transcript]");
    const session = this.session;
    if (!link || !session?.secret) return;
    event.preventDefault();
    const address = new URL(link.href);
    void this.api.fetch(session, address.pathname + address.search).then((blob) => {
      const local = URL.createObjectURL(blob);
      const anchor = Object.assign(document.createElement("a"), { href: local, download: link.download });
      anchor.click();
      setTimeout(() => URL.revokeObjectURL(local), 10000);
    });
  }
}
