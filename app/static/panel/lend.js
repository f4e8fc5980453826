/* Lending a right: spans at a click, limits of money where money moves, and what will be lent in words. Times are the shop's. */
import "./choose.js";
import { json } from "./dom.js";

const HOUR = 3_600_000;
const LONGEST = 366 * 24;
const form = document.querySelector("[data-lend]");
const texts = json("lend-texts");
const said = document.querySelector("[data-lend-words]");
const money = form.querySelector("[data-money]");
const spans = form.querySelector("[data-spans]");
const { start, until, uses, currency, amount_each: each, amount_max: all } = form.elements;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
const shown = (id) => document.getElementById(id).value.trim();
const chosen = (name) => form.querySelector(`[data-name="${name}"] input[type="hidden"]`).value;
const instant = (text) => Date.parse(`${text}Z`); // times of the shop are only compared with each other
const spoken = (text) => text.replace("T", " ");

function length(hours) {
  return hours < 48 ? fill(texts.hours, { n: hours }) : fill(texts.days, { n: Math.round(hours / 24) });
}

function sentences() {
  const hours = Math.round((instant(until.value) - instant(start.value || texts.now)) / HOUR);
  if (!chosen("person") || !chosen("right") || !until.value) return texts.empty;
  if (!(hours > 0 && hours <= LONGEST)) return texts.past;
  const values = { person: shown("person"), right: shown("right"), until: spoken(until.value), start: spoken(start.value), span: length(hours) };
  const parts = [fill(start.value ? texts.later : texts.now_on, values)];
  parts.push(uses.value ? fill(texts.times, { n: uses.value }) : texts.always);
  for (const [box, text] of money.hidden ? [] : [[each, texts.each], [all, texts.all]]) {
    if (box.value.trim()) parts.push(fill(text, { amount: `${currency.value.trim().toUpperCase()} ${box.value.trim()}` }));
  }
  return parts.join(document.documentElement.lang.startsWith("zh") ? "" : " ");
}

function tell() {
  money.hidden = !texts.money.includes(chosen("right"));
  const text = sentences();
  if (said.textContent !== text) said.textContent = text;
}

spans.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  until.value = new Date(instant(start.value || texts.now) + Number(button.value) * HOUR).toISOString().slice(0, 16);
  until.dispatchEvent(new Event("input", { bubbles: true }));
});
form.addEventListener("submit", () => {
  if (money.hidden) each.value = all.value = ""; // no limit that is not seen
});
for (const kind of ["input", "pick"]) form.addEventListener(kind, tell);
spans.hidden = false;
document.querySelector("[data-lend-said]").hidden = false;
tell();
