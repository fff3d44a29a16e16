/** A time in the transcript moves the player there, instead of opening the sound by itself. */
export function listenFromLines(): void {
  const player = document.querySelector<HTMLAudioElement>("audio[data-player]");
  if (!player) return;
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-seek]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      player.currentTime = Number(link.dataset["seek"]);
      void player.play();
    });
  }
}
