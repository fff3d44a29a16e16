/** Lets shown durations go on: what the server rendered is a moment old. */
export function tick(): void {
  if (!document.querySelector("[data-watch]")) return;
  // The browser's clock may be wrong: only its pace counts, from the duration that the server showed.
  const started = new WeakMap<Element, { text: string; base: number; at: number }>();
  const step = (): void => {
    for (const shown of document.querySelectorAll<HTMLElement>("time[data-ticks]")) {
      const known = started.get(shown);
      if (!known || known.text !== shown.textContent) {
        started.set(shown, { text: shown.textContent ?? "", base: seconds(shown.textContent ?? ""), at: performance.now() });
        continue;
      }
      known.text = clock(known.base + Math.floor((performance.now() - known.at) / 1_000));
      shown.textContent = known.text;
    }
  };
  step();
  window.setInterval(step, 1_000);
}

function seconds(text: string): number {
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

function clock(all: number): string {
  const two = (part: number): string => String(part).padStart(2, "0");
  const hours = Math.floor(all / 3_600);
  const minutes = Math.floor(all / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
}
