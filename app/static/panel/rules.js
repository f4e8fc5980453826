/* The editor of row rules: rules of lines, a line a condition, groups two deep. It writes the tree that the server reads. */
import { ask, el, icon, json } from "./dom.js";
import { conditionEditor, lacking } from "./filter.js";

const form = document.querySelector("[data-rules]");
const data = json("rules-data");
const texts = json("rules-texts");
const text = form.elements.rules;
const place = form.querySelector("[data-rules-place]");
const isFixed = text.readOnly;
const words = (key, values = {}) => texts[key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

function button(label, sign, action, name = "") {
  const made = el("button", { type: "button", class: name ? "btn btn-quiet btn-icon" : "btn btn-outline btn-sm", "aria-label": name || null, hidden: isFixed }, icon(sign), name ? null : label);
  made.addEventListener("click", action);
  return made;
}

function drop(node) {
  node.remove();
  check();
}

const editor = conditionEditor({ fields: data.fields, periods: data.periods, labels: data.labels, fixed: isFixed, changed: () => check() });

function rule(said) {
  const inner = editor.group(editor.whole(said.filter), 0);
  const note = el("input", { class: "form-control", type: "text", maxlength: "500", placeholder: texts.note, "aria-label": texts.note, value: said.note || "", readonly: isFixed });
  const title = el("strong");
  const box = el("section", { class: "rule" }, el("div", { class: "rule-head" }, title, el("span", { class: "push" }), button("", "fa-trash-can", () => drop(box), texts.drop)), inner, note);
  box.read = () => {
    const filter = inner.read();
    return filter ? { note: note.value.trim(), filter } : null;
  };
  box.gap = inner.gap;
  return box;
}

const boxes = () => [...place.querySelectorAll(":scope > .rule")];
const read = () => boxes().map((box) => box.read()).filter(Boolean);
const say = (said, isWrong) => {
  const line = document.querySelector("[data-rules-words]");
  line.textContent = said;
  line.classList.toggle("tone-danger", isWrong);
};

function number() {
  place.querySelectorAll(":scope > .rule-or, :scope > .quiet").forEach((one) => one.remove());
  boxes().forEach((box, index) => {
    box.querySelector("strong").textContent = words("rule", { n: index + 1 });
    if (index) box.before(el("div", { class: "rule-or" }, texts.or));
  });
  if (!boxes().length) place.append(el("p", { class: "quiet rules-none" }, texts.none));
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
    say(answer.problem || answer.words, Boolean(answer.problem));
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
    place.append(rule({ note: "", filter: { and: [editor.first()] } }));
    check();
    place.querySelector(":scope > .rule:last-of-type .filter-row select")?.focus();
  });
}
form.addEventListener("input", check);
form.addEventListener("change", check);
form.addEventListener("click", (event) => event.target.closest(".combo-list, .chip") && check());
form.addEventListener("submit", (event) => {
  const gap = boxes().reduce((found, box) => found || box.gap(), null);
  text.value = JSON.stringify(read());
  if (!gap) return;
  event.preventDefault();
  clearTimeout(waiting);
  turn += 1;
  say(lacking(gap), true);
});
const person = document.getElementById("rules-person");
person?.addEventListener("change", isFixed ? () => person.form.submit() : check);
