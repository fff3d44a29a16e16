/** The texts that the element says by itself. */
export type Texts = Record<
  | "open" | "close" | "sending" | "unsent" | "offline" | "working" | "typing" | "copied" | "copy" | "remove"
  | "uploading" | "upload_failed" | "again" | "stop" | "loading" | "started" | "recording" | "hearing" | "check"
  | "nothing_heard" | "microphone_refused" | "microphone_missing" | "hear_failed" | "listen_failed",
  string
>;

export interface TurnView {
  number: number;
  author: "citizen" | "assistant" | "operator";
  html?: string;
}

export interface ConversationView {
  id: string;
  owner: "assistant" | "queue" | "operator";
  status: string;
  html?: string;
}

export type PageEvent =
  | { type: "turn"; turn: TurnView }
  | { type: "conversation"; conversation: ConversationView }
  | { type: "partial"; number: number; text: string }
  | { type: "typing"; name: string }
  | { type: "received"; key: string; number: number }
  | { type: "refused"; key: string; again: boolean; title: string; detail?: string };

/** What the citizen sends; kept with its key until the server has it. */
export interface Message {
  key: string;
  text: string;
  pick?: { turn: number; number: number };
  attachments: string[];
}

/** Puts values into a text's places. */
export function fill(text: string, values: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => values[name] ?? place);
}

/** An unguessable key. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
