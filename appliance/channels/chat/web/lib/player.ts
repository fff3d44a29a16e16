import { Failure } from "./api";
import { fill, type Texts } from "./types";
import type { View } from "./view";

/**
 * Plays one answer at a time. The browser is given the address and plays while the rest is made; where it cannot do that, or a
 * secret that no cookie carries is needed, the whole is fetched first.
 */
export class Player {
  private readonly audio = document.createElement("audio");
  private button: HTMLButtonElement | undefined;
  private local: string | undefined;

  constructor(
    private readonly view: View,
    private readonly texts: Texts,
    /** Whether the browser may fetch the sound by itself. */
    private readonly direct: boolean,
    private readonly fetch: (path: string) => Promise<Blob>,
  ) {
    this.audio.dataset.player = "";
    this.audio.hidden = true;
    view.root.append(this.audio);
    this.audio.addEventListener("playing", () => this.show("playing"));
    this.audio.addEventListener("waiting", () => this.show("loading"));
    this.audio.addEventListener("ended", () => this.stop());
    view.root.addEventListener("click", (event) => {
      const button = (event.target as HTMLElement).closest<HTMLButtonElement>("button[data-listen]");
      if (!button) return;
      if (button === this.button) this.stop();
      else void this.play(button);
    });
  }

  stop(): void {
    this.audio.pause();
    this.audio.removeAttribute("src");
    // Lets go of what was still being loaded.
    this.audio.load();
    this.show("");
    this.button = undefined;
    if (this.local) URL.revokeObjectURL(this.local);
    this.local = undefined;
  }

  private async play(button: HTMLButtonElement): Promise<void> {
    this.stop();
    this.view.problem("");
    this.button = button;
    this.show("loading");
    const address = new URL(button.dataset.listen ?? "");
    try {
      if (!this.direct || !(await this.begin(address.href))) {
        if (this.button !== button) return;
        const sound = await this.fetch(address.pathname);
        if (this.button !== button) return;
        this.local = URL.createObjectURL(sound);
        if (!(await this.begin(this.local)) && this.button === button) throw new Failure(0, "", 0);
      }
    } catch (error) {
      if (this.button !== button) return;
      this.stop();
      const why = error instanceof Failure && error.message ? error.message : this.texts.offline;
      this.view.problem(fill(this.texts.listen_failed, { why }), false);
    }
  }

  /** Whether the browser plays what is at `address`; also when it was stopped meanwhile. */
  private async begin(address: string): Promise<boolean> {
    this.audio.src = address;
    try {
      await this.audio.play();
      return true;
    } catch (error) {
      return error instanceof DOMException && error.name === "AbortError";
    }
  }

  private show(state: "" | "loading" | "playing"): void {
    const label = this.button?.querySelector<HTMLElement>("[data-label]");
    if (!this.button || !label) return;
    this.button.dataset.state = state;
    this.button.setAttribute("aria-busy", String(state === "loading"));
    label.textContent = state ? this.texts.stop : (this.button.dataset.said ?? "");
  }
}
