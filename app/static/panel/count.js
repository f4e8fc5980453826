/* How many rows a list has and how many its tabs, and the sums below it: asked when the page is there, so that nobody waits
   for a number. What a quick filter that opens holds is asked for when it does. */
import { ask, flash } from "./dom.js";

function fill(places, found) {
  for (const place of places) {
    const text = found.tabs?.[place.dataset.counted] ?? found.others;
    place.textContent = text ?? "";
    place.hidden = text === undefined;
  }
}

export async function countRows() {
  const place = document.querySelector("[data-howmany]");
  if (!place || !place.dataset.howmany) return;
  const all = document.querySelector("[data-howmany-all]");
  const url = new URL(place.dataset.howmany, location.href);
  const found = await ask(url).catch(() => null);
  if (!found) return;
  place.textContent = found.words;
  fill(document.querySelectorAll(".tabs [data-counted]"), found);
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

async function addUp(foot) {
  try {
    const answer = await ask(foot.dataset.totals);
    foot.querySelector("[data-sum-up]")?.remove();
    const label = foot.querySelector("[data-sum-label]");
    if (label) label.textContent = answer.count;
    const whole = document.querySelector("[data-howmany-all]:not([hidden])");
    if (whole) { // now it is known, and need not be asked for
      document.querySelector("[data-howmany]").textContent = answer.count;
      whole.hidden = true;
    }
    for (const cell of foot.querySelectorAll("[data-sum]")) {
      cell.replaceChildren(...(answer.sums[cell.dataset.sum] || []).map((text) => {
        const line = document.createElement("div");
        line.textContent = text;
        return line;
      }));
    }
  } catch (error) {
    flash(error.message, "danger");
  }
}

async function counts(list) {
  try {
    const found = await ask(list.dataset.counts);
    for (const place of list.querySelectorAll("[data-count-of]")) place.textContent = found[place.dataset.countOf] ?? "";
  } catch {
    // a tab without its number leads to its rows all the same
  }
}

/** How many rows each choice of a quick filter has, once it is opened for the first time. */
export function quickCounts() {
  const place = document.querySelector("[data-howmany]");
  for (const menu of document.querySelectorAll("[data-quick]")) {
    menu.addEventListener("show.bs.dropdown", async () => {
      if (!place?.dataset.howmany) return;
      const url = new URL(place.dataset.howmany, location.href);
      url.searchParams.set("tabs", menu.dataset.quick);
      const found = await ask(url).catch(() => null); // a choice without its number leads to its rows all the same
      if (found) fill(menu.querySelectorAll("[data-counted]"), found);
    }, { once: true });
  }
}

/** The sums below the columns and the counts of the kept views. */
export function sums() {
  const foot = document.querySelector("[data-totals]");
  if (foot) {
    foot.querySelector("[data-sum-up]")?.addEventListener("click", () => addUp(foot));
    if (!("large" in foot.dataset)) addUp(foot);
  }
  const tabs = document.querySelector("[data-counts]");
  if (tabs) counts(tabs);
}
