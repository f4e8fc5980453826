/* The matrix of rights: one click changes a cell of the draft, a dialog shows all verbs of it, arrows move between cells. */
import { announce, ask, colon, el, flash, json, t } from "./dom.js";

const table = document.querySelector("[data-mx]");
const dialog = document.querySelector("[data-mx-dialog]");
const texts = json("mx-texts") || {};
let turn = Promise.resolve(); // clicks are sent one after the other, each with the version that the last one brought

const words = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

function send(values) {
  const run = async () => {
    const answer = await ask(table.dataset.url, { method: "POST", body: new URLSearchParams({ ...values, version: table.dataset.version }) });
    table.dataset.version = answer.version;
    return answer;
  };
  turn = turn.then(run, run);
  return turn;
}

/** Draw a cell as the server says that it is. */
function draw(place, cell) {
  place.dataset.level = cell.level;
  place.classList.toggle("mx-changed", cell.changed);
  const button = place.querySelector("[data-mx-level]");
  const sign = button.querySelector(".mx-sign");
  sign.className = `mx-sign mx-${cell.level}${cell.partly ? " mx-partly" : ""}`;
  button.querySelector(".mx-word").textContent = cell.level === "none" ? "–" : cell.word;
  button.title = cell.words;
  const more = place.querySelector("[data-mx-more]");
  more.querySelector("span").textContent = cell.more ? `+${cell.more}` : "";
  more.querySelector(".fa-ellipsis").hidden = cell.more > 0;
  more.querySelector(".fa-filter").hidden = !cell.rules;
}

async function change(place, values) {
  const row = place.closest("tr");
  const button = place.querySelector("[data-mx-level]");
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await send({ role: place.dataset.role, line: row.dataset.line, ...values });
    draw(place, answer.cell);
    button.setAttribute("aria-label", answer.said);
    announce(answer.said);
    document.querySelectorAll("[data-draft-link]").forEach((link) => { link.hidden = !answer.begun; });
    if (answer.lost && !values.rights) offer(place, answer);
    return answer;
  } catch (error) {
    flash(error.message, "danger").scrollIntoView({ block: "nearest" });
    return null;
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** What went with a click can be had back. */
function offer(place, answer) {
  document.querySelectorAll("[data-mx-undo]").forEach((old) => old.remove());
  const box = flash(`${answer.said} ${words(table.dataset.lost, { n: answer.lost })} `, "info");
  box.dataset.mxUndo = "";
  const undo = el("button", { type: "button", class: "btn btn-outline btn-sm" }, table.dataset.undo);
  undo.addEventListener("click", () => {
    box.remove();
    change(place, { rights: JSON.stringify(answer.was) });
  });
  box.firstChild.append(undo);
}

function cycle(place) {
  const steps = place.closest("tr").dataset.steps.split(" ");
  change(place, { level: steps[(steps.indexOf(place.dataset.level) + 1) % steps.length] });
}

/** The dialog: every part of the line with its verbs as chips. */
async function open(place) {
  const query = new URLSearchParams({ role: place.dataset.role, line: place.closest("tr").dataset.line });
  let data;
  try {
    data = await ask(`${table.dataset.url}?${query}`);
  } catch (error) {
    flash(error.message, "danger");
    return;
  }
  table.dataset.version = data.version || table.dataset.version;
  dialog.querySelector("h2").textContent = `${data.role} · ${data.line}`;
  dialog.querySelector("[data-mx-parts]").replaceChildren(...data.parts.map((part) => section(place, part, data.may_write)));
  if (!dialog.open) dialog.showModal();
}

function section(place, part, mayWrite) {
  const chips = el("div", { class: "chips", role: "group", "aria-label": part.label });
  for (const one of part.verbs) {
    const chip = el("button", { type: "button", class: `mx-tick${one.changed ? " mx-new" : ""}`, "aria-pressed": String(one.on), disabled: !mayWrite, title: one.changed ? texts.changed : null }, one.word);
    chip.addEventListener("click", async () => {
      const at = [...chips.children].indexOf(chip);
      if (await change(place, { resource: part.resource, verb: one.verb, on: one.on ? "0" : "1" })) {
        await open(place);
        dialog.querySelector(`[data-part="${CSS.escape(part.resource)}"]`)?.querySelectorAll(".mx-tick")[at]?.focus();
      }
    });
    chips.append(chip);
  }
  const said = (count) => (count ? words(texts.rules, { n: count }) : texts.all);
  return el("section", { class: "mx-part", "data-part": part.resource },
    el("h3", {}, part.label, el("a", { href: part.rows_url }, `${texts.rows}${colon}${said(part.rows)}`), el("a", { href: part.fields_url }, `${texts.fields}${colon}${said(part.fields)}`)),
    chips);
}

function fold(link, wanted) {
  const isOpen = wanted ?? link.getAttribute("aria-expanded") !== "true";
  if (isOpen && wanted === undefined) {
    table.querySelectorAll("[data-mx-fold]").forEach((other) => other !== link && fold(other, false)); // one at a time stays readable
  }
  link.setAttribute("aria-expanded", String(isOpen));
  document.getElementById(link.dataset.mxFold).hidden = !isOpen;
}

function search(text) {
  const asked = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  for (const link of table.querySelectorAll("[data-mx-fold]")) {
    const body = document.getElementById(link.dataset.mxFold);
    const name = link.textContent.toLowerCase();
    let found = 0;
    for (const row of body.rows) {
      row.hidden = asked.length > 0 && !asked.every((word) => row.dataset.words.includes(word) || name.includes(word));
      found += row.hidden ? 0 : 1;
    }
    link.closest("tbody").hidden = asked.length > 0 && !found;
    fold(link, asked.length > 0 && found > 0);
  }
}

/** Arrow keys go from cell to cell, as in a table of figures. */
function move(event) {
  const steps = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
  const place = event.target.closest?.("td.mx-cell");
  if (!steps || !place) return;
  const rows = [...table.querySelectorAll("tr[data-line]")].filter((row) => row.offsetParent !== null);
  const row = rows[rows.indexOf(place.parentNode) + steps[1]];
  const goal = row?.cells[place.cellIndex + steps[0]]?.querySelector(event.target.matches("[data-mx-more]") ? "[data-mx-more]" : "[data-mx-level]");
  if (!goal) return;
  event.preventDefault();
  goal.focus();
}

if (table) {
  table.addEventListener("click", (event) => {
    const place = event.target.closest("td.mx-cell");
    const link = event.target.closest("[data-mx-fold]");
    if (event.target.closest("[data-mx-level]")) cycle(place);
    else if (event.target.closest("[data-mx-more]")) open(place);
    else if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      fold(link);
    }
  });
  table.addEventListener("keydown", move);
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  const box = document.querySelector("[data-mx-search]");
  box?.addEventListener("input", () => search(box.value));
  box?.form.addEventListener("submit", (event) => event.preventDefault());
  document.querySelector("[data-mx-role]")?.addEventListener("change", (event) => {
    table.querySelectorAll("[data-col]").forEach((cell) => cell.classList.toggle("at", cell.dataset.col === event.target.value));
  });
}

for (const box of document.querySelectorAll("[data-reload]")) box.addEventListener("change", () => box.form.submit());

for (const box of document.querySelectorAll("[data-find]")) {
  const rows = [...document.querySelectorAll("[data-find-in] tbody tr")];
  box.hidden = false;
  box.addEventListener("input", () => {
    const asked = box.value.trim().toLowerCase();
    for (const row of rows) row.hidden = asked !== "" && !row.cells[0].textContent.toLowerCase().includes(asked);
  });
  box.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
}
for (const box of document.querySelectorAll(".choice-table select")) {
  box.addEventListener("change", () => box.closest("tr").classList.toggle("is-set", box.selectedIndex > 0));
}
