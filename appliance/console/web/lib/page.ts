/** The conversation on this page, if it shows one. */
export function conversation(): string | undefined {
  return document.querySelector<HTMLElement>("[data-conversation]")?.dataset["conversation"];
}

/** What this page hears of, as the query of its stream of signals. */
export function watched(): string {
  const id = conversation();
  if (id) return `?conversation=${id}`;
  const watch = document.querySelector<HTMLElement>("[data-page]")?.dataset["watch"];
  return watch ? `?${watch}` : "";
}

/** Whether this page shows one thing closely, and not a list. */
export function isClose(): boolean {
  return /^(conversation|call)$/.test(document.querySelector<HTMLElement>("[data-page]")?.dataset["page"] ?? "");
}

/** Whether this page is kept live: the queue, a conversation, calls. */
export function isLive(): boolean {
  // An ended call changes no more.
  const page = document.querySelector<HTMLElement>("[data-page]");
  return page !== null && page.dataset["watch"] !== "";
}

/** The field in which the reply is written, while the conversation is this operator's. */
export function replyField(): HTMLTextAreaElement | null {
  return document.querySelector<HTMLTextAreaElement>("form[data-reply] textarea");
}

/** Whether keys go into a field now. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
