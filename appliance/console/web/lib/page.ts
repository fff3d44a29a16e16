/** The conversation on this page, if it shows one. */
export function conversation(): string | undefined {
  return document.querySelector<HTMLElement>("[data-conversation]")?.dataset["conversation"];
}

/** Whether this page is kept live: the queue or a conversation. */
export function isLive(): boolean {
  return document.querySelector("[data-page]") !== null;
}

/** The field in which the reply is written, while the conversation is this operator's. */
export function replyField(): HTMLTextAreaElement | null {
  return document.querySelector<HTMLTextAreaElement>("form[data-reply] textarea");
}

/** Whether keys go into a field now. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
