/* The bar of a run. News come over the stream; without it the page asks every second and a half. When the run is over
   the page is loaded anew: it then shows the result. */

const box = document.querySelector("[data-bulk-progress]");
const texts = JSON.parse(box.querySelector("[data-bulk-texts]").textContent);
const bar = box.querySelector("[data-bulk-bar]");
const WORKING = new Set(["checking", "queued", "running"]);
const SLOW = 1500;
let timer = 0;

function show(news) {
  if (!WORKING.has(news.state)) {
    window.location.reload();
    return;
  }
  box.querySelector("[data-bulk-label]").textContent = news.label;
  box.querySelector("[data-bulk-read]").textContent = texts.read.replace("{n}", news.read.toLocaleString(document.documentElement.lang));
  if (news.expected) bar.value = news.percent;
  for (const name of ["new", "changed", "same", "refused"]) {
    const count = document.querySelector(`[data-bulk-count="${name}"]`);
    if (count) count.textContent = news[name].toLocaleString(document.documentElement.lang);
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
  timer = window.setTimeout(ask, SLOW);
}

const { stream } = await import(box.dataset.stream);
stream([box.dataset.topic], () => ask(), { reload: ask });
ask();
