/* The editor of row rules: rules of lines, a line a condition, groups two deep. It writes the tree that the server reads. */
import { ask, el, icon, json, t } from "./dom.js";
import { arity, valueControl } from "./filter.js";

const form = document.querySelector("[data-rules]");
const data = json("rules-data");
const texts = json("rules-texts");
const text = form.elements.rules;
const place = form.querySelector("[data-rules-place]");
const isFixed = text.readOnly;
const words = (key, values = {}) => texts[key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

function select(label, options, value) {
  const box = el("select", { class: "form-select", "aria-label": label, disabled: isFixed });
  for (const [key, name] of options) box.append(el("option", { value: key, selected: String(key) === String(value) }, String(name)));
  return box;
}

function fieldSelect(chosen) {
  const box = el("select", { class: "form-select", "aria-label": t("field"), disabled: isFixed });
  for (const [label, isOwn] of [[texts.own, true], [texts.further, false]]) {
    const fields = data.fields.filter((field) => field.is_own === isOwn);
    if (!fields.length) continue;
    const group = el("optgroup", { label });
    group.append(...fields.map((field) => el("option", { value: field.name, selected: field.name === chosen }, field.label)));
    box.append(group);
  }
  return box;
}

function button(label, sign, action, name = "") {
  const made = el("button", { type: "button", class: name ? "btn btn-quiet btn-icon" : "btn btn-outline btn-sm", "aria-label": name || null, hidden: isFixed }, icon(sign), name ? null : label);
  made.addEventListener("click", action);
  return made;
}

/** The control for a value: an attribute of the person, or what the filter of a list would offer. */
function value(field, op, given) {
  if (!op.values) return valueControl(field, op, given, data.periods);
  const box = select(t("value"), op.values, given);
  return { nodes: [box], read: () => box.value };
}

function line(condition) {
  const row = el("div", { class: "filter-row" });
  const names = fieldSelect(condition[0]);
  const slot = el("div", { class: "filter-value" });
  const field = () => data.fields.find((one) => one.name === names.value);
  let ops = null;
  let control = null;
  const op = () => field().ops.find((one) => one.op === ops.value);
  const showValue = (given) => {
    control = value({ ...field(), labels: data.labels }, op(), given);
    slot.replaceChildren(...control.nodes);
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
  row.append(names, ops, slot, button("", "fa-xmark", () => drop(row), t("dropCondition")));
  row.read = () => {
    const got = control.read();
    if (got === undefined) return null;
    return arity(op()) === 0 ? [names.value, ops.value] : [names.value, ops.value, got];
  };
  return row;
}

function drop(node) {
  node.remove();
  check();
}

const first = () => [data.fields[0].name, data.fields[0].ops[0].op];
const isGroup = (node) => node && !Array.isArray(node) && Array.isArray(node.and || node.or);

/** Conditions that are joined; a group may hold groups, one level down. */
function group(tree, depth) {
  const box = el("div", { class: depth ? "rule" : "filter-rows" });
  const how = select(texts.join, [["and", texts.all], ["or", texts.any]], tree.or ? "or" : "and");
  const head = el("div", { class: "rule-head" }, how);
  const rows = el("div", { class: "filter-rows" });
  const add = (node) => rows.append(isGroup(node) ? group(node, depth + 1) : Array.isArray(node) ? line(node) : kept(node));
  for (const node of tree.and || tree.or || []) add(node);
  const foot = el("div", { class: "rule-head" }, button(texts.condition, "fa-plus", () => { add(first()); rows.lastChild.querySelector("select").focus(); check(); }));
  if (depth < 1) foot.append(button(texts.group, "fa-layer-group", () => { add({ or: [first(), first()] }); check(); }));
  if (depth) head.append(el("span", { class: "push" }), button("", "fa-xmark", () => drop(box), texts.dropGroup));
  box.append(head, rows, foot);
  box.read = () => {
    const parts = [...rows.children].map((row) => row.read()).filter(Boolean);
    return parts.length ? { [how.value]: parts } : null;
  };
  return box;
}

/** What was written otherwise, such as by a file, stays as it is. */
function kept(node) {
  const row = el("div", { class: "filter-row" }, el("span", { class: "quiet" }, t("advanced")), button("", "fa-xmark", () => drop(row), t("dropCondition")));
  row.read = () => node;
  return row;
}

function rule(said) {
  const tree = Array.isArray(said.filter) ? { and: [said.filter] } : isGroup(said.filter) ? said.filter : { and: Object.keys(said.filter).length ? [said.filter] : [first()] };
  const inner = group(tree, 0);
  const note = el("input", { class: "form-control", type: "text", maxlength: "500", placeholder: texts.note, "aria-label": texts.note, value: said.note || "", readonly: isFixed });
  const title = el("strong");
  const box = el("section", { class: "rule" }, el("div", { class: "rule-head" }, title, el("span", { class: "push" }), button("", "fa-trash-can", () => drop(box), texts.drop)), inner, note);
  box.read = () => {
    const filter = inner.read();
    return filter ? { note: note.value.trim(), filter } : null;
  };
  return box;
}

const read = () => [...place.querySelectorAll(":scope > .rule")].map((box) => box.read()).filter(Boolean);

function number() {
  place.querySelectorAll(":scope > .rule-or, :scope > .quiet").forEach((one) => one.remove());
  const boxes = [...place.querySelectorAll(":scope > .rule")];
  boxes.forEach((box, index) => {
    box.querySelector("strong").textContent = words("rule", { n: index + 1 });
    if (index) box.before(el("div", { class: "rule-or" }, texts.or));
  });
  if (!boxes.length) place.append(el("p", { class: "quiet rules-none" }, texts.none));
}

let waiting = 0;
let turn = 0;
/** Say what is written in words and how many rows it leaves, a moment after the last stroke. */
function check() {
  number();
  clearTimeout(waiting);
  if (isFixed) return;
  waiting = setTimeout(async () => {
    const mine = ++turn;
    const body = new URLSearchParams({ rules: JSON.stringify(read()), person: document.getElementById("rules-person")?.value || "" });
    let answer;
    try {
      answer = await ask(form.dataset.check, { method: "POST", body });
    } catch (error) {
      answer = { problem: error.message };
    }
    if (mine !== turn) return;
    const said = document.querySelector("[data-rules-words]");
    said.textContent = answer.problem || answer.words;
    said.classList.toggle("tone-danger", Boolean(answer.problem));
    const sees = document.querySelector("[data-rules-sees]");
    if (sees) sees.textContent = answer.sees?.words || "";
  }, 350);
}

text.hidden = true;
place.append(...data.rules.map(rule));
number();
const more = form.querySelector("[data-rule-add]");
if (more) {
  more.hidden = false;
  more.addEventListener("click", () => {
    place.append(rule({ note: "", filter: { and: [first()] } }));
    check();
    place.querySelector(":scope > .rule:last-of-type .filter-row select")?.focus();
  });
}
form.addEventListener("input", check);
form.addEventListener("change", check);
form.addEventListener("click", (event) => event.target.closest(".combo-list, .chip") && check());
form.addEventListener("submit", () => { text.value = JSON.stringify(read()); });
const person = document.getElementById("rules-person");
person?.addEventListener("change", isFixed ? () => person.form.submit() : check);
