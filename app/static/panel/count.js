/* How many rows a list has and how many its tabs: asked when the page is there, so that nobody waits for a number. */

async function ask(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  return answer.ok ? answer.json() : null;
}

export async function countRows() {
  const place = document.querySelector("[data-howmany]");
  if (!place || !place.dataset.howmany) return;
  const all = document.querySelector("[data-howmany-all]");
  const url = new URL(place.dataset.howmany, location.href);
  const found = await ask(url).catch(() => null);
  if (!found) return;
  place.textContent = found.words;
  for (const tab of document.querySelectorAll("[data-counted]")) {
    const text = found.tabs?.[tab.dataset.counted];
    tab.textContent = text ?? "";
    tab.hidden = text === undefined;
  }
  if (found.exact) document.querySelector("[data-sum-up]")?.click(); // the sums of few rows are not waited for
  if (found.exact || !all) return;
  all.hidden = false;
  all.addEventListener("click", async () => {
    all.disabled = true;
    url.searchParams.set("exactly", "1");
    const exact = await ask(url).catch(() => null);
    all.disabled = false;
    if (!exact) return;
    place.textContent = exact.words;
    all.hidden = true;
  });
}
