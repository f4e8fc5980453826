/* A list: choosing rows and walking with the keyboard. What writes cells, filters and columns comes when it is first used. */
import { announce, isTyping, t } from "./dom.js";
import { countRows, quickCounts, sums } from "./count.js";

function selection(form) {
  const bar = form.querySelector("[data-bulk]");
  const all = form.querySelector("[data-all]");
  if (!bar || !all) return;
  const boxes = [...form.querySelectorAll("input[name=rowid]")];
  let last = null;

  const show = () => {
    const chosen = boxes.filter((box) => box.checked);
    for (const box of boxes) box.closest("tr").classList.toggle("chosen", box.checked);
    all.checked = chosen.length > 0 && chosen.length === boxes.length;
    all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
    bar.hidden = chosen.length === 0;
    if (every) {
      every.hidden = !all.checked;
      if (every.hidden) every.querySelector("input").checked = false;
    }
    tell();
  };
  const tell = () => { // how many: those that are ticked, or as many as the list counts
    few();
    const ticked = boxes.filter((box) => box.checked).length;
    const whole = every?.querySelector("input").checked ? document.querySelector("[data-howmany]")?.textContent : "";
    const text = whole || t("chosen", { n: ticked });
    bar.querySelector("[data-chosen]").textContent = text;
    announce(ticked ? text : "");
  };
  const few = () => { // what is done to the rows of a page is not offered for those of all pages
    const on = Boolean(every?.querySelector("input").checked);
    for (const button of bar.querySelectorAll("button[name=action]:not([data-many])")) button.hidden = on;
  };
  const every = bar.querySelector("[data-every]");
  every?.addEventListener("change", tell);
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  form.addEventListener("click", (event) => {
    const at = boxes.indexOf(event.target);
    if (at < 0) return;
    if (event.shiftKey && last !== null) {
      for (let i = Math.min(at, last); i <= Math.max(at, last); i += 1) boxes[i].checked = event.target.checked;
    }
    last = at;
    show();
  });
  form.addEventListener("change", (event) => { if (event.target.name === "rowid") show(); });
  bar.querySelector("[data-none]").addEventListener("click", () => {
    for (const box of boxes) box.checked = false;
    show();
    all.focus();
  });
  show();
}

/** What a head says, said of each cell below it: its label, which phones show, and whether it is changed where it stands. */
function told(table) {
  const heads = [...table.querySelectorAll("thead th")].map((head) => head.dataset.col && { label: head.textContent.trim(), edit: head.dataset.edit });
  for (const row of table.querySelectorAll("tbody tr[data-pk]")) {
    heads.forEach((head, at) => {
      if (!head) return;
      row.cells[at].dataset.label = head.label;
      if (head.edit) row.cells[at].dataset.edit = head.edit;
    });
  }
}

/** What writes into the cells of a table, made at the first one; null where none can be written. */
function cellEditor(table) {
  let made = null;
  if (!table?.dataset.cells || !table.querySelector("[data-edit]")) return null;
  return () => (made ||= import("./cells.js").then((cells) => cells.editableCells(table)));
}

function rows(form) {
  const editing = cellEditor(form.querySelector("table"));
  const lines = [...form.querySelectorAll("tbody tr[data-url]")];
  let here = -1;
  const go = (to) => {
    if (!lines.length) return;
    lines[here]?.classList.remove("here");
    here = Math.max(0, Math.min(lines.length - 1, to));
    const line = lines[here];
    line.classList.add("here");
    line.scrollIntoView({ block: "nearest" });
    (line.querySelector("a.lead") || line.querySelector("a"))?.focus({ preventScroll: true });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const key = event.key.toLowerCase();
    if (key === "j") go(here + 1);
    else if (key === "k") go(here < 0 ? 0 : here - 1);
    else if (key === "x" && here >= 0) lines[here].querySelector("input[name=rowid]")?.click();
    else if (key === "e" && editing) {
      const cell = event.target.closest?.("td[data-edit]") || lines[Math.max(here, 0)]?.querySelector("[data-edit]");
      if (here < 0) go(0);
      editing().then((cells) => cells.begin(cell));
    }
    else if (key === "enter" && here >= 0 && event.target === document.body) location.assign(lines[here].dataset.url);
    else return;
    event.preventDefault();
  });
  form.addEventListener("dblclick", (event) => {
    const line = event.target.closest("tr[data-url]");
    const cell = event.target.closest("td[data-edit]");
    if (event.target.closest("a, button, input, select")) return;
    if (cell && editing) editing().then((cells) => cells.begin(cell));
    else if (line && !String(getSelection())) location.assign(line.dataset.url);
  });
}

function filter() {
  const dialog = document.getElementById("filter");
  if (!dialog) return;
  let made = null;
  const open = async (event) => {
    event.preventDefault();
    made ||= import("./filter.js").then((editor) => editor.filterEditor(dialog));
    (await made)();
  };
  document.querySelector("[data-filter-open]")?.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "f" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) open(event);
  });
}

/** Columns are moved in their dialog, and drawn wide at the edges of the heads. */
function layout() {
  if (!document.getElementById("columns")) return;
  for (const edge of document.querySelectorAll("[data-edge]")) edge.addEventListener("pointerover", () => import("./listlayout.js"), { once: true });
}

for (const form of document.querySelectorAll("[data-list]")) {
  told(form.querySelector("table"));
  selection(form);
  rows(form);
}
countRows();
quickCounts();
sums();
filter();
layout();
for (const button of document.querySelectorAll("[data-dialog]")) {
  const dialog = document.getElementById(button.dataset.dialog);
  button.addEventListener("click", async () => {
    if (dialog.id === "columns") await import("./listlayout.js"); // it writes the lines of the dialog
    dialog.showModal();
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
}
