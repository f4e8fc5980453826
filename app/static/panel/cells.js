/* Cells of a list that are changed where they stand: an editor of their kind, saved one by one, refused in a sentence beside it. */
import { announce, ask, el, icon, isTyping, t } from "./dom.js";
import { combobox } from "./picker.js";

const TYPES = { date: "date", "datetime-local": "datetime-local", tel: "tel", email: "email", url: "url" };
let serial = 0;

function picker(known) {
  serial += 1;
  const id = `cell-pick-${serial}`;
  const box = el("div", { class: "combo", "data-url": known.picker_url, "data-name": "value" },
    el("input", { type: "text", id, role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list`, autocomplete: "off", "aria-label": known.label }),
    el("i", { class: "ico fa-solid fa-chevron-down", "aria-hidden": "true" }),
    el("ul", { class: "combo-list", id: `${id}-list`, role: "listbox", "aria-label": known.label, hidden: true }));
  const wired = combobox(box);
  for (const one of known.picked || []) wired.add(one);
  return { node: box, input: box.querySelector("[role=combobox]"), read: () => wired.values()[0] || "" };
}

/** The control of a cell: {node, input, read()}. */
function control(known) {
  if (known.kind === "picker") return picker(known);
  if (known.kind === "select") {
    const box = el("select", { class: "form-select", "aria-label": known.label });
    for (const [value, text] of known.options) box.append(el("option", { value, selected: String(value) === String(known.value) }, text));
    return { node: box, input: box, read: () => box.value };
  }
  const isNumber = known.kind === "money" || known.kind === "number";
  const box = el("input", { class: "form-control", type: TYPES[known.kind] || "text", inputmode: isNumber ? "decimal" : null, maxlength: known.maxlength, "aria-label": known.label, autocomplete: "off", value: known.value });
  return { node: box, input: box, read: () => box.value };
}

/** What a cell shows, drawn anew after a change as the server draws it in a list. */
function paint(td, cell) {
  const lead = td.querySelector("a.lead, a[aria-hidden]"); // the first column leads to the row: as a text or as a picture
  const drawn = new DOMParser().parseFromString(cell.html, "text/html").body.childNodes;
  if (!lead) td.replaceChildren(...drawn);
  else if (lead.matches(".lead")) lead.textContent = cell.text || lead.textContent;
  else lead.replaceChildren(...drawn);
}

/** Wire a table; returns {begin(td)}. Cells are saved in the order in which they are left, while one writes on. */
export function editableCells(table) {
  if (!table?.dataset.cells || !table.querySelector("[data-edit]")) return null;
  const columns = [...table.querySelectorAll("thead [data-col]")].map((head) => head.dataset.col);
  const offset = table.querySelector("thead .pick") ? 1 : 0;
  const editors = new Map();
  const fetched = new Map();
  const written = []; // what was written here, the latest last, each with what brings back what stood there
  let queue = Promise.resolve();

  const cells = () => [...table.querySelectorAll("tbody [data-edit]")];
  const address = (td) => `${table.dataset.cells}${td.closest("tr").dataset.pk}/${encodeURIComponent(td.dataset.edit)}`;
  const beside = (td, by) => {
    const all = cells();
    return all[all.indexOf(td) + by];
  };
  const below = (td, by) => {
    const row = by > 0 ? td.closest("tr").nextElementSibling : td.closest("tr").previousElementSibling;
    return row?.children[td.cellIndex];
  };
  const focus = (td) => {
    td.tabIndex = -1;
    td.focus();
  };
  const fetchAhead = (td) => {
    if (td && !editors.has(td) && !fetched.has(td)) fetched.set(td, ask(address(td)).catch(() => null));
  };

  /** What writes one cell: the newest version that this page knows of the row goes with it. */
  async function send(td, known, value, back = "") {
    const row = td.closest("tr");
    const version = Math.max(known.version, Number(row.dataset.version || 0));
    const body = new URLSearchParams({ value, version, back, columns: columns.join(",") });
    const answer = await ask(address(td), { method: "POST", body });
    row.dataset.version = answer.version;
    return answer;
  }

  function draw(td, answer) {
    for (const [name, cell] of Object.entries(answer.cells)) {
      const other = td.closest("tr").children[columns.indexOf(name) + offset];
      if (!editors.has(other)) paint(other, cell);
    }
    td.classList.add("saved");
  }

  /** At the foot of the list: the latest change can be taken back, and why it could not. */
  const button = el("button", { type: "button", class: "btn btn-outline btn-sm" });
  const why = el("span", { class: "tone-danger", role: "alert" });
  button.addEventListener("click", takeBack);
  function offer(refused = "") {
    const { back } = written.at(-1) || {};
    if (back) button.replaceChildren(icon("fa-rotate-left"), back.label, " ", el("kbd", {}, "Ctrl+Z"));
    button.hidden = !back;
    why.textContent = refused;
    if (!button.isConnected) table.closest("form").querySelector(".list-foot")?.firstElementChild.after(button, why);
  }

  function takeBack() {
    const last = written.pop();
    if (!last) return;
    const { td, back } = last;
    queue = queue.then(async () => {
      try {
        draw(td, await send(td, { version: 0 }, back.value, "1"));
        offer();
        announce(back.done);
        focus(td);
      } catch (error) {
        if (error.message === t("offline")) written.push(last); // nobody has refused it
        offer(error.message);
      }
    });
  }

  async function begin(td) {
    if (!td) return;
    if (editors.has(td)) {
      editors.get(td).focus();
      return;
    }
    const ahead = fetched.get(td);
    fetched.delete(td);
    let known;
    try {
      known = (await ahead) || (await ask(address(td)));
    } catch (error) {
      announce(error.message);
      td.title = error.message;
      focus(td);
      return;
    }
    const kept = [...td.childNodes];
    const made = control(known);
    const said = el("p", { class: "cell-said", role: "alert", hidden: true });
    const before = made.read();
    let saving = null;
    const close = () => {
      const hadFocus = td.contains(document.activeElement);
      editors.delete(td);
      td.classList.remove("editing", "saving");
      td.replaceChildren(...kept);
      if (hadFocus) focus(td);
    };
    const write = async () => {
      const value = made.read();
      if (value === before && said.hidden) {
        close();
        return true;
      }
      td.classList.add("saving");
      try {
        const answer = await send(td, known, value);
        close();
        draw(td, answer);
        written.push({ td, back: answer.back });
        offer();
        announce(t("saved"));
        return true;
      } catch (error) {
        fetched.clear();
        td.classList.remove("saving");
        said.textContent = error.message;
        said.hidden = false;
        said.scrollIntoView({ block: "nearest", inline: "nearest" });
        made.input.setAttribute("aria-invalid", "true");
        const now = await ask(address(td)).catch(() => null); // after a stale save the next Enter writes over what stands there now
        if (now) td.closest("tr").dataset.version = now.version;
        return false;
      }
    };
    const save = () => {
      if (!saving) {
        saving = queue.then(write).finally(() => { saving = null; });
        queue = saving.catch(() => false);
      }
      return saving;
    };
    editors.set(td, { focus: () => made.input.focus() });
    td.classList.remove("saved");
    td.classList.add("editing");
    td.replaceChildren(made.node, said);
    made.input.focus();
    made.input.select?.();
    fetchAhead(beside(td, 1));
    td.onkeydown = async (event) => {
      if (event.isComposing || !editors.has(td)) return;
      event.stopPropagation();
      if (event.key === "Escape") {
        event.preventDefault();
        close();
      } else if (event.key === "Tab") {
        event.preventDefault();
        const next = beside(td, event.shiftKey ? -1 : 1);
        save();
        if (next) begin(next);
      } else if (event.key === "Enter" && !event.defaultPrevented) {
        event.preventDefault();
        const next = below(td, event.shiftKey ? -1 : 1);
        if (await save()) focus(next?.matches("[data-edit]") ? next : td);
      }
    };
    td.onfocusout = (event) => {
      if (editors.has(td) && !saving && !td.contains(event.relatedTarget) && document.hasFocus()) save();
    };
  }

  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || isTyping(event.target) || !written.length) return;
    event.preventDefault();
    takeBack();
  });
  table.addEventListener("dblclick", (event) => {
    const td = event.target.closest("td[data-edit]");
    if (!td || event.target.closest("a, button, input, select")) return;
    event.stopPropagation();
    begin(td);
  });
  table.addEventListener("keydown", (event) => {
    const td = event.target;
    if (!td.matches?.("td[data-edit]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowRight: () => beside(td, 1), ArrowLeft: () => beside(td, -1), ArrowDown: () => below(td, 1), ArrowUp: () => below(td, -1) };
    if (event.key === "Enter" || event.key === "F2") begin(td);
    else if (moves[event.key]) {
      const to = moves[event.key]();
      if (to) focus(to);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return { begin };
}
