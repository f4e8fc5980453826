/* Cards of a board and of a calendar: drawn with the mouse, or moved with Alt and the arrow keys, only where they may go. */
import { announce, ask, flash, t } from "./dom.js";

const MOVED = "panel-moved";
/** What was moved is found again when the page is drawn anew. */
function remember(card) {
  try { sessionStorage.setItem(MOVED, JSON.stringify([location.pathname, card.dataset.pk])); } catch { /* a browser that keeps nothing */ }
}
function find(holder, cards) {
  try {
    const [path, pk] = JSON.parse(sessionStorage.getItem(MOVED) || "[]");
    if (path !== location.pathname) return;
    sessionStorage.removeItem(MOVED);
    const card = holder.querySelector(`${cards}[data-pk="${CSS.escape(pk)}"]`);
    (card?.matches("a") ? card : card?.querySelector("a.lead"))?.focus();
  } catch { /* a browser that keeps nothing */ }
}

let said = null;
/** One sentence at the head of the page, in the place of the one before. */
function say(text, tone = "danger") {
  said?.remove();
  said = flash(text, tone);
  announce(text);
}

async function change(holder, pk, value) {
  const url = `${holder.dataset.cells}${pk}/${encodeURIComponent(holder.dataset.column)}`;
  const known = await ask(url);
  await ask(url, { method: "POST", body: new URLSearchParams({ value, version: known.version }) });
  announce(t("saved"));
}

/** Drawing with the mouse; `may(thing, place)` says whether it can be let go there, `drop` does it, `refuse` tells that it cannot. */
function drawing(holder, things, places, may, drop, refuse = () => {}) {
  let drawn = null;
  let last = null;
  const over = (event) => event.target.closest?.(places);
  const clear = () => { for (const one of holder.querySelectorAll(".may, .over")) one.classList.remove("may", "over"); };
  holder.addEventListener("dragstart", (event) => {
    drawn = event.target.closest(things);
    if (!drawn) return;
    event.dataTransfer.effectAllowed = "move";
    drawn.classList.add("dragged");
    for (const place of holder.querySelectorAll(places)) place.classList.toggle("may", may(drawn, place));
  });
  holder.addEventListener("dragover", (event) => {
    const place = over(event);
    last = place;
    if (!drawn || !place || !may(drawn, place)) return;
    event.preventDefault();
    for (const one of holder.querySelectorAll(".over")) if (one !== place) one.classList.remove("over");
    place.classList.add("over");
  });
  holder.addEventListener("drop", (event) => {
    const place = over(event);
    if (!drawn || !place || !may(drawn, place)) return;
    event.preventDefault();
    last = null;
    drop(drawn, place);
  });
  holder.addEventListener("dragleave", (event) => { if (!holder.contains(event.relatedTarget)) last = null; });
  holder.addEventListener("dragend", () => {
    drawn?.classList.remove("dragged");
    if (drawn && last && !last.contains(drawn)) refuse(drawn);
    drawn = last = null;
    clear();
  });
}

const board = document.querySelector("[data-board]");
if (board) {
  const way = (card, lane) => card.querySelector(`[data-to="${CSS.escape(lane.dataset.lane)}"]`);
  const go = async (card, lane) => {
    const to = way(card, lane);
    remember(card);
    if (to.tagName === "FORM") {
      to.requestSubmit();
      return;
    }
    try {
      await change(board, card.dataset.pk, lane.dataset.lane);
      location.reload();
    } catch (error) {
      say(error.message);
    }
  };
  const refuse = (card) => {
    const known = card.querySelector("[data-to]") ? board.dataset.elsewhere : board.dataset.nowhere;
    say(known.replace("{name}", card.querySelector("a.lead").textContent.trim()), "warning");
  };
  drawing(board, ".board-card[draggable]", "[data-lane]", (card, lane) => Boolean(way(card, lane)), go, refuse);
  find(board, ".board-card");
  board.addEventListener("click", (event) => {
    const to = event.target.closest("button[data-to]");
    if (to) go(to.closest(".board-card"), board.querySelector(`[data-lane="${CSS.escape(to.dataset.to)}"]`));
  });
  board.addEventListener("keydown", (event) => {
    const card = event.target.closest(".board-card");
    if (!card || !["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(event.key) || event.target.closest(".dropdown")) return;
    const lanes = [...board.querySelectorAll("[data-lane]")];
    const here = lanes.indexOf(card.closest("[data-lane]"));
    const by = event.key === "ArrowRight" ? 1 : -1;
    if (event.altKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      const ahead = by > 0 ? lanes.slice(here + 1) : lanes.slice(0, here).reverse();
      const lane = ahead.find((one) => way(card, one));
      if (lane) go(card, lane);
      else refuse(card);
    } else if (!event.altKey) {
      const column = event.key === "ArrowUp" || event.key === "ArrowDown" ? [...card.parentElement.children] : null;
      const next = column ? column[column.indexOf(card) + (event.key === "ArrowDown" ? 1 : -1)] : lanes[here + by]?.querySelector(".board-card");
      next?.querySelector("a.lead").focus();
    } else return;
    event.preventDefault();
  });
}

const calendar = document.querySelector("[data-calendar]");
const [visit] = performance.getEntriesByType("navigation");
// on a phone a month is a long list: it opens where today is, unless somebody comes back to where he was
if (calendar && matchMedia("(max-width: 47.99rem)").matches && !location.hash && visit?.type === "navigate") {
  calendar.querySelector("#today")?.scrollIntoView({ block: "start" });
}
if (calendar && "open" in calendar.dataset) {
  const go = async (card, day) => {
    const value = card.dataset.time ? `${day.dataset.day}T${card.dataset.time}` : day.dataset.day;
    remember(card);
    try {
      await change(calendar, card.dataset.pk, value);
      location.reload();
    } catch (error) {
      say(error.message);
    }
  };
  drawing(calendar, ".calendar-card", "[data-day]", (card, day) => card.closest("[data-day]") !== day, go);
  find(calendar, ".calendar-card");
  calendar.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
    const card = event.target.closest(".calendar-card");
    if (!card || !by || !event.altKey) return;
    event.preventDefault();
    const days = [...calendar.querySelectorAll("[data-day]")];
    const day = days[days.indexOf(card.closest("[data-day]")) + by];
    if (day) go(card, day);
  });
}
