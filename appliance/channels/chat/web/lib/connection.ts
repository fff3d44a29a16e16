import { type Api, Failure, type Session } from "./api";
import type { Message, PageEvent } from "./types";

/** How long a socket may take to open or to acknowledge before another way is tried, in milliseconds. */
const PATIENCE = 5000;
const LONGEST_WAIT = 15000;

/**
 * Follows a conversation: by WebSocket, or by an event stream where sockets do not get through. Reconnects for ever, each time
 * from the last turn seen, so that nothing is lost or shown twice.
 */
export class Connection {
  private socket: WebSocket | undefined;
  private abort: AbortController | undefined;
  private failures = 0;
  /** Sockets that never opened: after two, streams are used. */
  private refusedSockets = 0;
  private timer: number | undefined;
  private closed = false;
  private readonly waiting = new Map<string, (event: PageEvent) => void>();

  constructor(
    private readonly api: Api,
    private readonly session: Session,
    private readonly last: () => number,
    private readonly hear: (event: PageEvent) => void,
    private readonly state: (online: boolean) => void,
    private readonly lost: () => void,
  ) {
    addEventListener("online", this.now);
    this.connect();
  }

  close(): void {
    this.closed = true;
    removeEventListener("online", this.now);
    clearTimeout(this.timer);
    this.socket?.close();
    this.abort?.abort();
  }

  private readonly now = (): void => {
    if (this.timer !== undefined) {
      clearTimeout(this.timer);
      this.timer = undefined;
      this.connect();
    }
  };

  private connect(): void {
    if (this.closed) return;
    if (this.refusedSockets < 2) this.openSocket();
    else void this.openStream();
  }

  private again(): void {
    if (this.closed) return;
    this.state(false);
    // Longer each time, and not all pages at once.
    const wait = Math.min(LONGEST_WAIT, 500 * 2 ** this.failures) * (0.5 + Math.random());
    this.failures += 1;
    this.timer = window.setTimeout(() => {
      this.timer = undefined;
      this.connect();
    }, wait);
  }

  private opened(): void {
    this.failures = 0;
    this.state(true);
  }

  private openSocket(): void {
    const socket = this.api.socket(this.session, this.last());
    this.socket = socket;
    let open = false;
    const impatient = window.setTimeout(() => socket.close(), PATIENCE);
    socket.onopen = () => {
      open = true;
      this.refusedSockets = 0;
      clearTimeout(impatient);
      this.opened();
    };
    socket.onmessage = (frame) => this.take(JSON.parse(String(frame.data)) as PageEvent);
    socket.onclose = () => {
      clearTimeout(impatient);
      if (!open) this.refusedSockets += 1;
      if (this.socket === socket) this.socket = undefined;
      if (open || this.refusedSockets < 2) this.again();
      else if (!this.closed) void this.openStream();
    };
  }

  private async openStream(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    try {
      const response = await this.api.stream(this.session, this.last(), abort.signal);
      const reader = response.body?.getReader();
      if (!reader) throw new Failure(0, "", 0);
      this.opened();
      const decoder = new TextDecoder();
      let buffer = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        buffer += decoder.decode(value, { stream: true });
        const blocks = buffer.split("\n\n");
        buffer = blocks.pop() ?? "";
        for (const block of blocks) {
          const data = block.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim()).join("\n");
          if (data) this.take(JSON.parse(data) as PageEvent);
        }
      }
    } catch (error) {
      if (error instanceof Failure && error.status === 401) {
        this.lost();
        return;
      }
    }
    // Perhaps sockets get through again.
    if (this.failures > 3) this.refusedSockets = 0;
    this.again();
  }

  private take(event: PageEvent): void {
    if (event.type === "received" || event.type === "refused") {
      const told = this.waiting.get(event.key);
      this.waiting.delete(event.key);
      told?.(event);
    } else {
      this.hear(event);
    }
  }

  typing(): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send('{"type":"typing"}');
  }

  /** Sends over the socket if it is open, else by request. Resolves with the turn's number once the message is durable. */
  async send(message: Message): Promise<number> {
    const event = await this.sendBySocket(message);
    if (event?.type === "received") return event.number;
    if (event?.type === "refused") throw new Failure(event.again ? 503 : 422, event.detail ?? event.title, 0);
    return (await this.api.send(this.session, message)).turn.number;
  }

  private sendBySocket(message: Message): Promise<PageEvent | undefined> {
    const socket = this.socket;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const give = (): void => {
        this.waiting.delete(message.key);
        resolve(undefined);
      };
      const impatient = window.setTimeout(give, PATIENCE);
      this.waiting.set(message.key, (event) => {
        clearTimeout(impatient);
        resolve(event);
      });
      socket.send(JSON.stringify({ type: "turn", ...message }));
    });
  }
}
