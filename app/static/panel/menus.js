/* The editor of the menu: each change goes to the server and comes back as the tree that it made. Without this script the
   same buttons send the same forms. */
import { announce, ask, el, flash } from "./dom.js";

const root = document.querySelector("[data-menu-editor]");
const KEYS = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "out", ArrowRight: "in" };
let busy = false;
let names = null;

/** Show the tree that the server drew; its texts are escaped there, and what it holds runs nothing. */
function show(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const part = page.querySelector("[data-menu-editor]") || page.body;
  root.replaceChildren(...part.childNodes);
  dress();
}

async function send(form, body, focus) {
  if (busy) return;
  busy = true;
  root.setAttribute("aria-busy", "true");
  try {
    const answer = await ask(form.action, { method: "POST", body });
    show(answer.html);
    history.replaceState(null, "", answer.address);
    announce(answer.said);
    refocus(focus);
  } catch (error) {
    flash(error.message, "danger");
    await open(location.href, "", false);
    refocus(focus);
  } finally {
    busy = false;
    root.removeAttribute("aria-busy");
  }
}

function refocus({ key = "", action = "" } = {}) {
  if (!key) return;
  const rows = [...root.querySelectorAll(".twig")].filter((row) => row.dataset.key === key);
  const row = rows[0]?.querySelector(".twig-row");
  const button = action && row?.querySelector(`[data-do="${action}"]:not([disabled])`);
  (button || row?.querySelector("[data-grip]") || root.querySelector("[data-panel-title]"))?.focus();
}

/** Show another state of the page: another entry, another role. */
async function open(address, focus, remember = true) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) { location.assign(address); return; }
  show(await answer.text());
  if (remember) history.pushState(null, "", address);
  if (focus === "panel") root.querySelector("[data-panel-title]")?.focus();
  else if (focus) document.getElementById(focus)?.focus();
}

function changes() {
  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if (form.matches("[data-preview-as]")) {
      event.preventDefault();
      open(`${form.action}?${new URLSearchParams(new FormData(form))}`, "as");
      return;
    }
    if (!form.matches("[data-change]")) return;
    event.preventDefault();
    const [action, ...rest] = (event.submitter?.value || "").split(":");
    send(form, new FormData(form, event.submitter), { key: rest.join(":"), action });
  });
  root.addEventListener("change", (event) => {
    if (event.target.id === "as") event.target.form.requestSubmit();
  });
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-edit]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const chosen = root.querySelector(".is-chosen")?.dataset.key;
    open(link.href, link.dataset.edit ? "panel" : "").then(() => { if (!link.dataset.edit) refocus({ key: chosen }); });
  });
  window.addEventListener("popstate", () => open(location.href, "", false));
  root.addEventListener("keydown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || !(event.key in KEYS)) return;
    event.preventDefault();
    tell(KEYS[event.key], grip.closest(".twig").dataset.key);
  });
}

function tell(action, key, more = {}) {
  const form = root.querySelector("[data-tree]");
  const body = new FormData(form);
  for (const [name, value] of Object.entries({ do: `${action}:${key}`, ...more })) body.set(name, value);
  send(form, body, { key });
}

/** Drag a row by its grip: before, behind or into another one. */
function drags() {
  let dragged = null;
  let drop = null;
  const clear = () => {
    for (const row of root.querySelectorAll(".drop-before, .drop-after, .drop-inside")) row.classList.remove("drop-before", "drop-after", "drop-inside");
    drop = null;
  };
  root.addEventListener("pointerdown", (event) => {
    const row = event.target.closest("[data-grip]")?.closest(".twig");
    if (row) row.draggable = true;
  });
  root.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.(".twig");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.key);
    requestAnimationFrame(() => dragged?.classList.add("is-dragged"));
  });
  root.addEventListener("dragover", (event) => {
    const row = event.target.closest?.(".twig");
    if (!dragged || !row || dragged.contains(row)) return;
    event.preventDefault();
    clear();
    const box = row.querySelector(".twig-row").getBoundingClientRect();
    const part = (event.clientY - box.top) / box.height;
    const isGroup = row.classList.contains("is-group") && Number(row.dataset.level) < 3;
    const where = isGroup && part > 0.3 && part < 0.75 ? "inside" : part < 0.5 ? "before" : "after";
    row.classList.add(`drop-${where}`);
    drop = { row, where };
  });
  root.addEventListener("drop", (event) => {
    if (!dragged || !drop) return;
    event.preventDefault();
    const { row, where } = drop;
    const list = where === "inside" ? row.querySelector(":scope > .menu-tree") : row.parentElement;
    const siblings = [...list.children].filter((one) => one !== dragged);
    const index = where === "inside" ? siblings.length : siblings.indexOf(row) + (where === "after" ? 1 : 0);
    tell("put", dragged.dataset.key, { parent: list.dataset.parent, index });
  });
  root.addEventListener("dragend", () => {
    dragged?.classList.remove("is-dragged");
    if (dragged) dragged.draggable = false;
    dragged = null;
    clear();
  });
}

/** What needs the script is shown by it: the search among all icons. */
function dress() {
  const picker = root.querySelector("[data-icons]");
  const search = picker?.querySelector("[data-icon-search]");
  if (!search) return;
  search.hidden = false;
  search.addEventListener("input", () => find(picker, search.value.trim().toLowerCase()));
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
}

async function find(picker, wanted) {
  names ||= (await ask(picker.dataset.icons)).icons;
  const grid = picker.querySelector("[data-icon-grid]");
  for (const extra of grid.querySelectorAll("[data-extra]:not(:has(:checked))")) extra.remove();
  let found = 0;
  for (const label of grid.querySelectorAll("[data-words]")) {
    label.hidden = !label.dataset.words.includes(wanted) && !label.querySelector(":checked");
    found += label.hidden ? 0 : 1;
  }
  const there = new Set([...grid.querySelectorAll("input")].map((input) => input.value));
  for (const name of wanted ? names.filter((one) => one.includes(wanted) && !there.has(one)).slice(0, 60) : []) {
    const input = el("input", { type: "radio", name: "icon", value: name, "aria-label": name });
    grid.append(el("label", { title: name, "data-extra": true }, input, el("i", { class: `fa-solid ${name}`, "aria-hidden": "true" })));
    found += 1;
  }
  picker.querySelector("[data-icon-none]").hidden = found > 0;
}

/** Modules: a switch is kept as soon as it is turned. */
function modules() {
  for (const form of document.querySelectorAll("[data-module]")) {
    form.addEventListener("change", async () => {
      try {
        const answer = await ask(form.action, { method: "POST", body: new FormData(form) });
        for (const input of document.querySelectorAll("[data-module] [name=version]")) input.value = answer.version;
        form.classList.toggle("is-off", !form.querySelector("[name=shown]").checked);
        announce(answer.said);
        form.querySelector("[data-kept]")?.remove();
        form.querySelector(".module-foot").prepend(el("span", { class: "mark", "data-kept": true }, answer.said));
      } catch (error) {
        flash(error.message, "danger");
      }
    });
    form.querySelector("[data-keep]")?.remove();
  }
}

if (root) {
  changes();
  drags();
  dress();
}
modules();
