/* The bar of a run. News come over the stream; without it the page asks every second and a half. When the run is over
   the page is loaded anew: it then shows the result. */

const box = document.querySelector("[data-bulk-progress]");
const texts = JSON.parse(box.querySelector("[data-bulk-texts]").textContent);
const bar = box.querySelector("[data-bulk-bar]");
const WORKING = new Set(["checking", "queued", "running"]);
const SLOW = 1500;
let timer = 0;
let isOver = false;

const figure = (number) => number.toLocaleString(document.documentElement.lang);

function span(seconds) {
  if (seconds < 90) return texts.second.replace("{n}", figure(seconds));
  return seconds < 5400 ? texts.minute.replace("{n}", figure(Math.round(seconds / 60))) : texts.hour.replace("{n}", figure(Math.round(seconds / 3600)));
}

function show(news) {
  if (isOver) return;
  if (!WORKING.has(news.state)) {
    isOver = true; // asked for a second time while it is on its way, the page would begin anew, and anew
    window.location.reload();
    return;
  }
  box.querySelector("[data-bulk-label]").textContent = news.label;
  const badge = document.querySelector("[data-bulk-state] .badge");
  if (badge) {
    badge.textContent = news.label;
    badge.className = `badge badge-${news.tone}`;
  }
  box.querySelector("[data-bulk-read]").textContent = texts.read.replace("{n}", figure(news.read)).replace("{all}", figure(news.expected));
  const pace = box.querySelector("[data-bulk-pace]");
  if (pace) pace.textContent = news.left === null ? "" : texts.pace.replace("{rate}", figure(news.rate)).replace("{left}", span(news.left));
  if (news.expected) bar.value = news.percent;
  for (const name of ["new", "changed", "same", "refused", "skipped"]) {
    const count = document.querySelector(`[data-bulk-count="${name}"]`);
    if (count) count.textContent = figure(news[name]);
  }
}

async function ask() {
  window.clearTimeout(timer);
  try {
    const answer = await fetch(box.dataset.url, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (answer.ok) show(await answer.json());
  } catch {
    // the server is away for a moment: the next round asks again
  }
  if (!isOver) timer = window.setTimeout(ask, SLOW);
}

const { stream } = await import(box.dataset.stream);
stream([box.dataset.topic], () => ask(), { reload: ask });
ask();
