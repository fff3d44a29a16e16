/** A changed filter applies at once; its button is for browsers without scripts. */
export function submitOnChange(): void {
  for (const select of document.querySelectorAll<HTMLSelectElement>("select[data-submit]")) {
    select.addEventListener("change", () => select.form?.requestSubmit());
  }
}

/** What went wrong, or was made, is read first. */
export function focusFirstProblem(): void {
  document.querySelector<HTMLElement>("[data-focus]")?.focus();
}

/** A conversation opens at its newest turn, unless it is short or the address names another place. */
export function scrollToEnd(): void {
  const turns = document.querySelector<HTMLElement>("[data-turns]");
  if (turns && !location.hash && turns.getBoundingClientRect().bottom > window.innerHeight) {
    turns.lastElementChild?.scrollIntoView({ block: "nearest" });
  }
}
