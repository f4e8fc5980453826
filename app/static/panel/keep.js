/* Counts down the question "Keep these changes?" and leads to what happened when its time is over. */
const bar = document.querySelector("[data-keep]");
const shown = bar?.querySelector("[data-keep-left]");
const end = bar ? performance.now() + Number(bar.dataset.keep) * 1000 : 0;

function tick() {
  const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
  shown.textContent = String(left);
  bar.classList.toggle("late", left <= 10);
  if (left === 0) {
    clearInterval(timer);
    setTimeout(() => location.replace(bar.dataset.after), 1000);
  }
}

const timer = bar ? setInterval(tick, 500) : 0;
