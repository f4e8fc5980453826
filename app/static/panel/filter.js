/* Conditions as lines and groups of lines: the filter of lists and the rules of rows are written with them. What comes out
   is the tree that the server reads, {"and": [[name, op, value], {"or": […]}]}. */
import { announce, ask, el, icon, json, t } from "./dom.js";
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

export function select(label, options, value) {
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
  if (op.values) {
    const box = select(t("value"), op.values, value);
    return { nodes: [box], read: () => box.value };
  }
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

const isGroup = (node) => node && !Array.isArray(node) && Array.isArray(node.and || node.or);

/** What a condition without a value is told before it is used: left out in silence, it would find more rows than were asked for. */
export function lacking(gap) {
  gap.place.querySelector("input, select")?.focus();
  return t("noValue", { field: gap.label });
}

/** Lines and groups over `fields`; `changed` is called whenever one is taken away or added. */
export function conditionEditor({ fields, periods, labels = {}, fixed = false, changed = () => {} }) {
  const first = () => [fields[0].name, fields[0].ops[0].op];
  const drop = (node) => {
    const next = node.nextElementSibling || node.previousElementSibling;
    node.remove();
    next?.querySelector("select")?.focus();
    changed();
  };
  const dropButton = (node, label) => {
    const made = el("button", { class: "btn btn-quiet btn-icon", type: "button", "aria-label": label, hidden: fixed }, icon("fa-xmark"));
    made.addEventListener("click", () => drop(node()));
    return made;
  };
  const button = (label, sign, action) => {
    const made = el("button", { class: "btn btn-outline btn-sm", type: "button", hidden: fixed }, icon(sign), label);
    made.addEventListener("click", action);
    return made;
  };

  function fieldSelect(chosen) {
    const option = (field) => el("option", { value: field.name, selected: field.name === chosen }, field.label);
    const box = el("select", { class: "form-select", "aria-label": t("field") });
    const further = fields.filter((field) => field.is_own === false);
    if (!further.length) box.append(...fields.map(option));
    else {
      box.append(el("optgroup", { label: t("ownFields") }, ...fields.filter((field) => field.is_own).map(option)));
      box.append(el("optgroup", { label: t("furtherFields") }, ...further.map(option)));
    }
    return box;
  }

  /** What was written otherwise, such as by a file, stays as it is. */
  function kept(node) {
    const row = el("div", { class: "filter-row" }, el("span", { class: "quiet" }, t("advanced")));
    row.append(dropButton(() => row, t("dropCondition")));
    row.read = () => node;
    row.gap = () => null;
    return row;
  }

  function line(condition) {
    if (!Array.isArray(condition) || !fields.some((one) => one.name === condition[0])) return kept(condition);
    const row = el("div", { class: "filter-row" });
    const place = el("div", { class: "filter-value" });
    const names = fieldSelect(condition[0]);
    let ops = null;
    let value = null;
    const field = () => fields.find((one) => one.name === names.value);
    const op = () => field().ops.find((one) => one.op === ops.value);
    const showValue = (given) => {
      value = valueControl({ ...field(), labels: labels[names.value] }, op(), given, periods);
      place.replaceChildren(...value.nodes);
      place.hidden = !value.nodes.length;
    };
    const showOps = (chosen, given) => {
      const fresh = select(t("operator"), field().ops.map((one) => [one.op, one.label]), chosen);
      ops?.replaceWith(fresh);
      ops = fresh;
      ops.addEventListener("change", () => {
        const got = value.read();
        showValue(got ?? undefined);
      });
      showValue(given);
    };
    showOps(condition[1], condition[2]);
    names.addEventListener("change", () => showOps());
    row.append(names, ops, place, dropButton(() => row, t("dropCondition")));
    if (fixed) for (const one of row.querySelectorAll("select, input")) one.disabled = true;
    row.read = () => {
      const got = value.read();
      if (got === undefined) return null;
      return arity(op()) === 0 ? [names.value, ops.value] : [names.value, ops.value, got];
    };
    row.gap = () => (value.read() === undefined ? { label: field().label, place } : null);
    return row;
  }

  /** Conditions that are joined; a group may hold groups, one level down. `how` is its select, where that stands elsewhere. */
  function group(tree, depth, how = null) {
    const box = el("div", { class: depth ? "filter-group" : "filter-rows" });
    const joins = how || select(t("join"), [["and", t("joinAll")], ["or", t("joinAny")]], tree.or ? "or" : "and");
    joins.value = tree.or ? "or" : "and";
    joins.disabled = fixed;
    const rows = el("div", { class: "filter-rows" });
    const add = (node) => rows.append(isGroup(node) && depth < 1 ? group(node, depth + 1) : line(node));
    const grow = (node) => {
      add(node);
      rows.lastChild.querySelector(".filter-row select, select")?.focus();
      changed();
    };
    for (const node of tree.and || tree.or || []) add(node);
    const foot = el("div", { class: "filter-tools" }, button(depth ? t("condition") : t("addCondition"), "fa-plus", () => grow(first())));
    if (depth < 1) foot.append(button(t("addGroup"), "fa-layer-group", () => grow({ or: [first(), first()] })));
    if (!how) box.append(el("div", { class: "filter-tools" }, joins, depth ? el("span", { class: "push" }) : null, depth ? dropButton(() => box, t("dropGroup")) : null));
    box.append(rows, foot);
    box.read = () => {
      const parts = [...rows.children].map((row) => row.read()).filter(Boolean);
      return parts.length ? { [joins.value]: parts } : null;
    };
    box.gap = () => [...rows.children].reduce((found, row) => found || row.gap(), null);
    return box;
  }

  /** A tree as the outermost group, whatever it is. */
  const whole = (tree) => (Array.isArray(tree) ? { and: [tree] } : isGroup(tree) ? tree : { and: tree && Object.keys(tree).length ? [tree] : [first()] });
  return { line, group, whole, first };
}

const KEPT = new Set(["q", "sort", "size", "cols", "shape", "month", "tab"]);
/** The address of this list with a filter; what belongs to the old rows, such as the page, is left out. */
function addressOf(tree) {
  const url = new URL(location.href);
  for (const name of [...url.searchParams.keys()]) if (!KEPT.has(name)) url.searchParams.delete(name);
  if (tree) url.searchParams.set("f", JSON.stringify(tree));
  if (!url.searchParams.size) url.searchParams.set("all", "1");
  return url;
}

/** Wire the dialog: it says how many rows there would be, and applies by going to the new address. Returns what opens it. */
export function filterEditor(dialog) {
  const data = { ...json("list-fields"), ...json("list-filter") };
  for (const field of data.fields) field.ops = data.ops[field.ops];
  const place = dialog.querySelector("[data-rows]");
  const mode = dialog.querySelector("[data-mode]");
  const found = dialog.querySelector("[data-found]");
  let whole = null;
  let turn = 0;
  let waiting = 0;

  /** How many rows; false when what is written cannot be read, and why is said. */
  async function check() {
    clearTimeout(waiting);
    const mine = ++turn;
    if (!data.count) return true;
    const tree = whole.read();
    const asked = new URLSearchParams({ q: data.q || "", f: tree ? JSON.stringify(tree) : "" });
    try {
      const answer = await ask(`${data.count}?${asked}`);
      if (mine === turn) say(answer.words, false);
      return true;
    } catch (error) {
      if (mine === turn) say(error.message, true);
      return false;
    }
  }
  const say = (text, isWrong) => {
    found.textContent = text;
    found.classList.toggle("tone-danger", isWrong);
    if (isWrong) announce(text);
  };
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(check, 350);
  };
  const editor = conditionEditor({ ...data, changed: later });
  const open = () => {
    whole = editor.group(editor.whole(data.tree), 0, mode);
    place.replaceChildren(whole);
    dialog.showModal();
    check();
  };
  for (const name of ["input", "change", "pick"]) dialog.addEventListener(name, later);
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const gap = whole.gap();
    if (gap) {
      clearTimeout(waiting);
      turn += 1;
      say(lacking(gap), true);
    } else if (await check()) location.assign(addressOf(whole.read()));
  });
  return open;
}
