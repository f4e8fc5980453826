/* A sheet: Flask-Admin describes each cell in data attributes; here one walks among them with the arrow keys, writes into
   them, fills a column downwards (Ctrl+D) and pastes columns of a spreadsheet. Every cell is saved by itself, in its turn. */
import { announce, csrf, el, flash, t } from "./dom.js";

const MOST = 500;
const words = (key, values) => JSON.parse(document.getElementById("sheet-texts").textContent)[key].replace(/\{(\w+)\}/g, (_whole, name) => values[name]);
const pasted = (event) => event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
const headOf = (link) => link.closest("table").querySelectorAll("thead th")[link.closest("td").cellIndex].textContent.trim();
const shown = (link, value) => {
  const known = link.dataset.source ? JSON.parse(link.dataset.source).find((one) => [one.value, one.text].map(String).includes(String(value).trim())) : null;
  link.dataset.value = known ? known.value : value;
  link.textContent = (known ? known.text : value) || "–";
};

/** Save one value; resolves to a sentence that refuses it, or to nothing. */
async function write(link, value) {
  if (value === (link.dataset.value ?? "")) return "";
  const data = new FormData();
  data.set("list_form_pk", link.dataset.pk);
  data.set("version", link.dataset.version);
  data.set(link.name || link.getAttribute("name"), value);
  const row = link.closest("tr") || link.sheetRow;
  let answer = null;
  try {
    answer = await fetch(link.dataset.url, { method: "POST", body: data, headers: { "X-CSRFToken": csrf() }, credentials: "same-origin" });
  } catch {
    return t("offline");
  }
  if (answer.ok) {
    follow(row, link, await answer.json());
    return "";
  }
  if (answer.status === 409) return theirs(row, link, answer);
  const isJson = (answer.headers.get("Content-Type") || "").includes("json");
  const text = answer.status < 500 && !isJson ? await answer.text() : "";
  return text.length > 0 && text.length < 300 && !text.includes("<") ? text : t("changeRefused");
}

/** Somebody else was faster: show what stands there now; the next attempt knows of it. */
async function theirs(row, link, answer) {
  const text = await answer.text();
  if (!(answer.headers.get("Content-Type") || "").includes("json")) return text;
  const now = JSON.parse(text);
  follow(row, link, now);
  return now.message;
}

/** Show a row as it is stored; a cell that is being edited stands outside of its row and is told by itself. */
function follow(row, link, now) {
  for (const cell of new Set([link, ...row.querySelectorAll("a[data-pk]")])) {
    cell.dataset.version = now.version;
    shown(cell, now.values[cell.name || cell.getAttribute("name")] ?? "");
  }
  for (const [at, text] of Object.entries(now.texts)) (row.cells[at].querySelector(".lead") || row.cells[at]).textContent = text;
}

function control(link, first) {
  const value = first ?? link.dataset.value ?? "";
  const label = headOf(link);
  if (link.dataset.source) {
    const box = el("select", { class: "form-select", "aria-label": label });
    for (const one of JSON.parse(link.dataset.source)) box.append(el("option", { value: one.value, selected: String(one.value) === (link.dataset.value ?? "") }, String(one.text)));
    return box;
  }
  const box = el(link.dataset.type === "textarea" ? "textarea" : "input", { class: "form-control", "aria-label": label, autocomplete: "off" });
  box.value = value;
  return box;
}

function mark(link, refused) {
  const td = link.closest("td");
  td?.classList.toggle("saved", !refused);
  td?.classList.toggle("refused", Boolean(refused));
  link.title = refused;
}

function wire(sheet) {
  const body = sheet.querySelector("tbody");
  const all = () => [...body.querySelectorAll("a[data-pk]")];
  let anchor = null;
  let range = [];
  let told = null; // what became of the latest paste

  const beside = (link, down, right) => {
    const row = body.rows[link.closest("tr").rowIndex - 1 + down];
    const line = [...link.closest("tr").querySelectorAll("a[data-pk]")];
    return row?.querySelectorAll("a[data-pk]")[line.indexOf(link) + right];
  };
  const choose = (to, extend = false) => {
    if (!to) return;
    for (const link of all()) link.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
    if (!extend || !anchor) anchor = to;
    const column = to.closest("td").cellIndex;
    const [from, until] = [anchor, to].map((one) => one.closest("tr").rowIndex).sort((a, b) => a - b);
    range = anchor.closest("td").cellIndex === column ? [...body.rows].slice(from - 1, until).map((row) => row.cells[column].querySelector("a[data-pk]")).filter(Boolean) : [to];
    for (const td of body.querySelectorAll("td.chosen")) td.classList.remove("chosen");
    if (range.length > 1) for (const link of range) link.closest("td").classList.add("chosen");
  };

  /** Save many values one after the other, and say what became of them; `lost` of them have no cell on this page. */
  async function writeAll(pairs, lost = 0) {
    const left = lost + Math.max(0, pairs.length - MOST);
    let saved = 0;
    const refused = [];
    let first = null;
    told?.remove();
    sheet.setAttribute("aria-busy", "true");
    for (const [link, value] of pairs.slice(0, MOST)) {
      const text = await write(link, value);
      mark(link, text);
      if (text) {
        link.dataset.typed = value;
        first ||= link;
        refused.push(text);
      } else saved += 1;
      announce(words("progress", { n: saved + refused.length, of: pairs.length }));
    }
    sheet.removeAttribute("aria-busy");
    const said = [words("done", { saved, refused: refused.length }), left ? words("left", { n: left }) : ""].join(" ").trim();
    const why = [...new Set(refused)].slice(0, 3);
    if (refused.length || left) told = flash([said, ...why, refused.length ? words("again", {}) : ""].join(" "), "danger");
    announce(said);
    if (first) choose(first);
  }

  /** Write what a spreadsheet copied from a cell on, or one value into all that is marked. */
  function spread(link, text) {
    const lines = text.split("\n").map((line) => line.split("\t"));
    const many = lines.length === 1 && lines[0].length === 1 && range.length > 1;
    const from = range.length > 1 ? range[0] : link; // a marked column begins at its top, whichever way it was marked
    const pairs = many ? range.map((one) => [one, lines[0][0].trim()]) : lines.flatMap((line, down) => line.map((value, right) => [beside(from, down, right), value.trim()]));
    const found = pairs.filter(([one]) => one);
    writeAll(found, pairs.filter(([one, value]) => !one && value).length);
  }

  function edit(link, first) {
    const box = control(link, first ?? link.dataset.typed);
    const said = el("p", { class: "cell-said", role: "alert", hidden: true });
    const td = link.closest("td");
    link.sheetRow = link.closest("tr");
    let done = false;
    const end = (next) => {
      done = true;
      box.replaceWith(link);
      said.remove();
      td.classList.remove("editing");
      if (next) choose(next);
    };
    const save = async (next) => {
      if (done) return;
      done = true;
      box.disabled = true;
      const refused = await write(link, box.value);
      if (!refused) {
        delete link.dataset.typed;
        announce(t("saved"));
        end();
        mark(link, "");
        if (next) choose(next(link));
        return;
      }
      said.textContent = refused;
      said.hidden = false;
      box.disabled = false;
      box.setAttribute("aria-invalid", "true");
      done = false;
      box.focus();
    };
    box.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      event.stopPropagation();
      if (event.key === "Escape") end(link);
      else if (event.key === "Enter" && box.tagName !== "TEXTAREA") save((one) => beside(one, event.shiftKey ? -1 : 1, 0) || one);
      else if (event.key === "Tab") save((one) => all()[all().indexOf(one) + (event.shiftKey ? -1 : 1)] || one);
      else return;
      event.preventDefault();
    });
    box.addEventListener("paste", (event) => { // one clicked into the cell first: a block is for the cells, not for this box
      const text = pasted(event);
      if (!(box.tagName === "TEXTAREA" ? /\t/ : /[\t\n]/).test(text)) return;
      event.preventDefault();
      event.stopPropagation();
      end(link);
      spread(link, text);
    });
    box.addEventListener("blur", () => { if (said.hidden) save(); });
    td.classList.add("editing");
    link.replaceWith(box);
    box.after(said);
    box.focus();
    if (first === undefined) box.select?.();
  }

  for (const link of all()) {
    link.setAttribute("role", "button");
    link.tabIndex = -1;
    shown(link, link.dataset.value ?? "");
  }
  if (all()[0]) all()[0].tabIndex = 0;
  sheet.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-pk]");
    if (!link) return;
    event.preventDefault();
    choose(link, event.shiftKey);
    if (!event.shiftKey) edit(link);
  });
  sheet.addEventListener("keydown", (event) => {
    const link = event.target.closest("a[data-pk]");
    if (!link || event.altKey) return;
    const arrows = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };
    if (arrows[event.key] && !event.ctrlKey && !event.metaKey) {
      if (!range.includes(link)) choose(link); // one came here by Tab: a column that is marked begins here
      choose(beside(link, ...arrows[event.key]), event.shiftKey && !arrows[event.key][1]);
    } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "d" && range.length > 1) {
      writeAll(range.slice(1).map((one) => [one, range[0].dataset.value ?? ""]));
    } else if (event.ctrlKey || event.metaKey) return;
    else if (event.key === "Enter" || event.key === "F2") edit(link);
    else if (event.key === "Delete") writeAll(range.map((one) => [one, ""]));
    else if (event.key.length === 1 && !"?/ ".includes(event.key) && !link.dataset.source) edit(link, event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  sheet.addEventListener("paste", (event) => {
    const link = event.target.closest("a[data-pk]");
    if (!link) return;
    event.preventDefault();
    spread(link, pasted(event));
  });
}

for (const sheet of document.querySelectorAll("[data-sheet]")) wire(sheet);
