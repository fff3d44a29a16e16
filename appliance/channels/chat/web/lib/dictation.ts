import { Failure } from "./api";
import { MOST_SECONDS, Recording } from "./microphone";
import { fill, type Texts } from "./types";
import type { View } from "./view";

/** Where what was understood comes from, and what else happens while somebody talks. */
export interface Listener {
  /** Writes a recording down. */
  hear(recording: Blob): Promise<string>;
  /** Somebody begins to talk. */
  begins(): void;
  /** The field has other words now. */
  written(): void;
}

/**
 * The button with the microphone: what is said becomes words in the field, for the citizen to check and to send. Where no button was
 * rendered or the browser has no microphone for us, there is nothing.
 */
export class Dictation {
  private readonly button: HTMLButtonElement | null;
  private recording: Recording | undefined;
  private busy = false;

  constructor(
    private readonly view: View,
    private readonly texts: Texts,
    private readonly server: string,
    private readonly listener: Listener,
  ) {
    this.button = view.root.querySelector("[data-microphone]");
    const usable = isSecureContext && "mediaDevices" in navigator && typeof AudioWorkletNode === "function";
    if (!this.button || !usable) return;
    this.button.hidden = false;
    this.button.onclick = () => void this.press();
  }

  /** Ends a recording; its words still come. */
  stop(): void {
    this.recording?.stop();
  }

  private async press(): Promise<void> {
    if (this.recording) {
      this.recording.stop();
      return;
    }
    if (this.busy || !this.button) return;
    this.busy = true;
    this.view.problem("");
    this.view.voice("");
    this.listener.begins();
    try {
      await this.dictate(this.button);
    } catch (error) {
      this.view.voice("");
      this.view.problem(this.why(error), false);
    }
    this.recording = undefined;
    this.show(this.button, false);
    this.busy = false;
  }

  private async dictate(button: HTMLButtonElement): Promise<void> {
    let second = -1;
    const script = new URL(button.dataset.microphone ?? "", this.server).href;
    this.recording = await Recording.start(script, (seconds, level) => {
      button.style.setProperty("--level", Math.min(1, level * 8).toFixed(2));
      if (Math.floor(seconds) === second) return;
      second = Math.floor(seconds);
      // Read out once, by `started`; the seconds are for the eye.
      this.view.count(fill(this.texts.recording, { seconds: String(second), most: String(MOST_SECONDS) }));
    });
    this.show(button, true);
    this.view.voice(this.texts.started);
    const recorded = await this.recording.result;
    this.recording = undefined;
    this.show(button, false);
    if (!recorded) {
      this.view.voice("");
      this.view.problem(this.texts.nothing_heard, false);
      return;
    }
    button.setAttribute("aria-disabled", "true");
    this.view.voice(this.texts.hearing);
    const words = (await this.listener.hear(recorded)).trim();
    if (!words) {
      this.view.voice("");
      this.view.problem(this.texts.nothing_heard, false);
      return;
    }
    const { text } = this.view;
    // What was written before stays.
    const before = text.value.trimEnd();
    text.value = (before ? `${before} ${words}` : words).slice(0, text.maxLength);
    this.listener.written();
    this.view.voice(this.texts.check);
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
  }

  private show(button: HTMLButtonElement, pressed: boolean): void {
    button.setAttribute("aria-pressed", String(pressed));
    button.removeAttribute("aria-disabled");
    if (!pressed) button.style.removeProperty("--level");
  }

  private why(error: unknown): string {
    if (error instanceof DOMException) {
      const refused = error.name === "NotAllowedError" || error.name === "SecurityError";
      return refused ? this.texts.microphone_refused : this.texts.microphone_missing;
    }
    const why = error instanceof Failure && error.message ? error.message : this.texts.offline;
    return fill(this.texts.hear_failed, { why });
  }
}
