/* How far a rehearsal is, and its incidents as they are shown and answered. What it says comes from the server each two
   seconds, so a reload loses nothing. */
const box = document.querySelector("[data-rehearsal-progress]");
const bar = box.querySelector("progress");
const at = box.querySelector("[data-rehearsal-at]");
const silent = box.querySelector("[data-rehearsal-silent]");
const clock = (ms) => `${Math.floor(ms / 60000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;

function draw(position, length) {
  bar.value = position;
  at.textContent = `${clock(position)} / ${clock(length)}`;
}

/** What came of it so far, as the server draws it. */
async function results(mark) {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-rehearsal-result]");
  if (!next) return;
  document.querySelector("[data-rehearsal-result]").replaceWith(next);
  box.dataset.mark = mark;
}

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(box.dataset.rehearsalProgress, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (!answer.ok) return;
    const told = await answer.json();
    draw(told.position, told.length);
    silent.hidden = !told.silent;
    if (told.over) { clearInterval(looking); location.reload(); return; } // asked for again while it is on its way, the page would begin anew
    if (told.mark !== box.dataset.mark) await results(told.mark);
  } catch { silent.hidden = false; }
}

draw(Number(box.dataset.position), Number(box.dataset.length));
const looking = setInterval(look, 2000);
