/* The host's cards: printed, or one at a time over a whole second screen, where the arrow keys turn them. */
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());

const cards = [...document.querySelectorAll("[data-card]")];
for (const card of cards) {
  const large = card.querySelector("[data-large]");
  large.hidden = !document.fullscreenEnabled;
  large.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : card.requestFullscreen()));
}
document.addEventListener("keydown", (event) => {
  const by = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 }[event.key];
  const next = by && document.fullscreenElement && cards[cards.indexOf(document.fullscreenElement) + by];
  if (!next) return;
  event.preventDefault();
  next.requestFullscreen();
});
