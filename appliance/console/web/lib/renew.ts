// Renews a part of the page every so often, in place: what has the keyboard's focus or is being scrolled stays as it is.
export function renew(): void {
  const part = document.querySelector<HTMLElement>("[data-renew]");
  if (part) void keepRenewing(part);
}

async function keepRenewing(part: HTMLElement): Promise<void> {
  const pause = Number(part.dataset.renew);
  for (;;) {
    await new Promise((later) => setTimeout(later, pause));
    if (document.hidden) continue;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-renew]");
      if (fresh && fresh.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) {
        part.replaceChildren(...fresh.childNodes);
      }
      told(false);
    } catch {
      told(true);
    }
  }
}

function told(offline: boolean): void {
  const notice = document.getElementById("offline");
  if (notice) notice.hidden = !offline;
}
