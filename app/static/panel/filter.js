/* The filter dialog: one line a condition; what comes out is the tree that the server reads, {"and": [[name, op, value], …]}. */
import { el, icon, isTyping, json, t } from "./dom.js";
import { combobox } from "./picker.js";

const NOTHING = new Set(["empty", "not_empty"]);
const MANY = new Set(["in", "not_in", "any", "all", "none"]);
const NUMBERS = new Set(["money", "number", "integer"]);

/** How many values an operator takes: 0, 1, 2 or "many". */
export function arity(op) {
  if (op.arity !== undefined) return op.arity;
  if (NOTHING.has(op.op)) return 0;
  if (op.op === "between") return 2;
  return MANY.has(op.op) ? "many" : 1;
}

function select(label, options, value) {
  const box = el("select", { class: "form-select", "aria-label": label });
  for (const [key, text] of options) box.append(el("option", { value: key, selected: String(key) === String(value) }, String(text)));
  return box;
}

function typed(kind, label, value) {
  const type = kind === "date" || kind === "instant" ? "date" : "text";
  const mode = NUMBERS.has(kind) ? "decimal" : null;
  return el("input", { class: "form-control", type, inputmode: mode, value: value ?? "", "aria-label": label, autocomplete: "off" });
}

let serial = 0;
function picked(field, many, value) {
  serial += 1;
  const id = `filter-pick-${serial}`;
  const box = el("div", { class: "combo", "data-url": field.picker_url, "data-name": "", "data-multiple": many },
    el("input", { type: "text", id, role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list`, autocomplete: "off", "aria-label": t("value") }),
    el("i", { class: "ico fa-solid fa-chevron-down", "aria-hidden": "true" }),
    el("ul", { class: "combo-list", id: `${id}-list`, role: "listbox", "aria-label": field.label, hidden: true }));
  const known = combobox(box);
  const labels = field.labels || {};
  for (const one of Array.isArray(value) ? value : value == null ? [] : [value]) known.add({ id: one, label: labels[one] || `#${one}` });
  return { node: box, read: () => (many ? known.values() : known.values()[0]) };
}

/** The control for a value: {nodes, read()}; read gives undefined while it is not filled in. */
export function valueControl(field, op, value, periods) {
  const count = arity(op);
  if (count === 0) return { nodes: [], read: () => null };
  if (op.op === "within") {
    const box = select(t("value"), periods, value);
    return { nodes: [box], read: () => box.value };
  }
  if (field.kind === "bool") {
    const box = select(t("value"), [["true", t("yes")], ["false", t("no")]], value);
    return { nodes: [box], read: () => box.value };
  }
  if (field.picker_url) {
    const pick = picked(field, count === "many", value);
    return { nodes: [pick.node], read: () => { const got = pick.read(); return Array.isArray(got) ? (got.length ? got : undefined) : got; } };
  }
  if (field.choices?.length) {
    const options = field.choices.map((choice) => [choice.value, choice.label]);
    if (count !== "many") {
      const box = select(t("value"), options, value);
      return { nodes: [box], read: () => box.value };
    }
    const chosen = new Set((Array.isArray(value) ? value : [value]).map(String));
    const box = el("div", { class: "checks", role: "group", "aria-label": t("value") });
    for (const [key, text] of options) {
      const check = el("input", { class: "form-check-input", type: "checkbox", value: key, checked: chosen.has(String(key)) });
      box.append(el("label", { class: "check" }, check, String(text)));
    }
    return { nodes: [box], read: () => { const got = [...box.querySelectorAll(":checked")].map((one) => one.value); return got.length ? got : undefined; } };
  }
  if (count === 2) {
    const [from, to] = Array.isArray(value) ? value : [];
    const ends = [typed(field.kind, t("valueFrom"), from), typed(field.kind, t("valueTo"), to)];
    return { nodes: ends, read: () => (ends.every((end) => end.value.trim()) ? ends.map((end) => end.value.trim()) : undefined) };
  }
  const input = typed(field.kind, t("value"), Array.isArray(value) ? value.join(", ") : value);
  if (count === "many") {
    input.placeholder = t("listHint");
    return { nodes: [input], read: () => { const got = input.value.split(/[,，;；\n]/).map((part) => part.trim()).filter(Boolean); return got.length ? got : undefined; } };
  }
  return { nodes: [input], read: () => input.value.trim() || undefined };
}

function line(fields, periods, condition) {
  const row = el("div", { class: "filter-row" });
  const drop = el("button", { class: "btn btn-quiet btn-icon", type: "button", "aria-label": t("dropCondition") }, icon("fa-xmark"));
  drop.addEventListener("click", () => row.remove());
  if (!Array.isArray(condition) || !fields.some((field) => field.name === condition[0])) {
    row.append(el("span", { class: "quiet" }, t("advanced")), drop); // nested groups made elsewhere stay as they are
    row.read = () => condition;
    return row;
  }
  const place = el("div", { class: "filter-value" });
  const names = select(t("field"), fields.map((field) => [field.name, field.label]), condition[0]);
  let ops = null;
  let value = null;
  const field = () => fields.find((one) => one.name === names.value);
  const op = () => field().ops.find((one) => one.op === ops.value);
  const showValue = (given) => {
    value = valueControl(field(), op(), given, periods);
    place.replaceChildren(...value.nodes);
  };
  const showOps = (chosen, given) => {
    const fresh = select(t("operator"), field().ops.map((one) => [one.op, one.label]), chosen);
    ops?.replaceWith(fresh);
    ops = fresh;
    ops.addEventListener("change", () => showValue());
    showValue(given);
  };
  showOps(condition[1], condition[2]);
  names.addEventListener("change", () => showOps());
  row.append(names, ops, place, drop);
  row.read = () => {
    const got = value.read();
    if (got === undefined) return null;
    return arity(op()) === 0 ? [names.value, ops.value] : [names.value, ops.value, got];
  };
  return row;
}

/** Wire the dialog: opens with the present tree, applies by going to the new address. */
export function filterEditor(dialog) {
  const data = json("list-filter");
  if (!dialog || !data) return;
  const place = dialog.querySelector("[data-rows]");
  const mode = dialog.querySelector("[data-mode]");
  const fresh = () => line(data.fields, data.periods, [data.fields[0].name, data.fields[0].ops[0].op, undefined]);
  const fill = () => {
    const tree = data.tree || { and: [] };
    const word = Array.isArray(tree) ? "and" : Object.keys(tree)[0];
    const parts = Array.isArray(tree) ? [tree] : word === "not" ? [tree] : tree[word];
    mode.value = word === "or" ? "or" : "and";
    place.replaceChildren(...parts.map((part) => line(data.fields, data.periods, part)));
    if (!parts.length) place.append(fresh());
  };
  const open = () => {
    fill();
    dialog.showModal();
  };
  document.querySelector("[data-filter-open]")?.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "f" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    open();
  });
  dialog.querySelector("[data-add]").addEventListener("click", () => {
    place.append(fresh());
    place.lastChild.querySelector("select").focus();
  });
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const url = new URL(location.href);
    const found = [...place.children].map((row) => row.read()).filter(Boolean);
    if (found.length) url.searchParams.set("f", JSON.stringify({ [mode.value]: found }));
    else url.searchParams.delete("f");
    url.searchParams.delete("page");
    location.assign(url);
  });
}
