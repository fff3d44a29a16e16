import type { ConversationView, Message, TurnView } from "./types";

/** A refusal in problem details, or a lost connection (status 0). */
export class Failure extends Error {
  constructor(
    readonly status: number,
    title: string,
    readonly retryAfter: number,
  ) {
    super(title);
  }

  /** Whether the same request may succeed later. */
  get again(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export interface Session {
  id: string;
  /** Absent where a cookie holds it. */
  secret?: string;
}

export interface Uploaded {
  token: string;
  name: string;
  size: string;
}

/** The API of one server, in one language. */
export class Api {
  constructor(
    readonly server: string,
    readonly language: string,
    /** On the server's own pages a cookie holds the secret. */
    readonly cookie: boolean,
  ) {}

  private async request(path: string, init: RequestInit, session?: Session): Promise<Response> {
    const headers = new Headers(init.headers);
    if (session?.secret) headers.set("authorization", `Bearer ${session.secret}`);
    const join = path.includes("?") ? "&" : "?";
    let response: Response;
    try {
      response = await fetch(`${this.server}${path}${join}lang=${this.language}`, {
        ...init,
        headers,
        credentials: this.cookie ? "same-origin" : "omit",
      });
    } catch {
      throw new Failure(0, "", 0);
    }
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as { title?: string; detail?: string };
    const words = response.status === 422 || response.status === 413 ? problem.detail : undefined;
    throw new Failure(
      response.status,
      words ?? problem.title ?? String(response.status),
      Number(response.headers.get("retry-after")) || 0,
    );
  }

  private post(path: string, body: unknown, session?: Session, key?: string): Promise<Response> {
    const headers: Record<string, string> = { "content-type": "application/json" };
    if (key) headers["idempotency-key"] = key;
    return this.request(path, { method: "POST", headers, body: JSON.stringify(body) }, session);
  }

  async widget(): Promise<{ html: string; texts: Record<string, string> }> {
    return (await this.request("/api/v1/widget", {})).json() as Promise<{ html: string; texts: Record<string, string> }>;
  }

  async begin(key: string): Promise<Session> {
    const response = await this.post("/api/v1/conversations", { language: this.language, cookie: this.cookie }, undefined, key);
    const begun = (await response.json()) as { conversation: ConversationView; secret?: string };
    return begun.secret ? { id: begun.conversation.id, secret: begun.secret } : { id: begun.conversation.id };
  }

  async send(session: Session, message: Message): Promise<{ turn: TurnView }> {
    const { key, ...say } = message;
    const path = `/api/v1/conversations/${session.id}/turns?render=html`;
    return (await this.post(path, say, session, key)).json() as Promise<{ turn: TurnView }>;
  }

  async upload(session: Session, file: File): Promise<Uploaded> {
    const form = new FormData();
    form.set("file", file);
    const path = `/api/v1/conversations/${session.id}/attachments`;
    return (await this.request(path, { method: "POST", body: form }, session)).json() as Promise<Uploaded>;
  }

  async opinion(session: Session, number: number, useful: boolean, why?: string): Promise<void> {
    await this.post(`/api/v1/conversations/${session.id}/turns/${number}/feedback`, { useful, why }, session);
  }

  /** Writes a recording down; before there is a conversation, too. */
  async hear(session: Session | undefined, recording: Blob): Promise<string> {
    const path = session ? `/api/v1/conversations/${session.id}/transcriptions` : "/api/v1/transcriptions";
    const init = { method: "POST", headers: { "content-type": recording.type }, body: recording };
    return ((await (await this.request(path, init, session)).json()) as { text: string }).text;
  }

  /** Sound behind the secret. */
  async sound(session: Session | undefined, path: string): Promise<Blob> {
    return (await this.request(path, {}, session)).blob();
  }

  /** A file behind the secret, as bytes. */
  async fetch(session: Session, path: string): Promise<Blob> {
    return (await this.request(path, {}, session)).blob();
  }

  stream(session: Session, after: number, signal: AbortSignal): Promise<Response> {
    const path = `/api/v1/conversations/${session.id}/events?render=html&after=${after}`;
    return this.request(path, { signal, headers: { accept: "text/event-stream" } }, session);
  }

  socket(session: Session, after: number): WebSocket {
    const address = new URL(`${this.server}/api/v1/conversations/${session.id}/ws`);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.search = `render=html&after=${after}&lang=${this.language}`;
    const protocols = ["sfetnic.v1"];
    if (session.secret) protocols.push(`secret.${session.secret}`);
    return new WebSocket(address, protocols);
  }
}
