/* A long select as a combobox that one types into: `select[data-choose]`, its groups as headings. Without a script it stays. */
import { el } from "./dom.js";
import { combobox } from "./picker.js";

/** Replace one select; the hidden field that takes its place has its name. */
function choose(select) {
  const options = [...select.options].filter((one) => one.value).map((one) => {
    const group = one.parentElement.label || "";
    return { id: one.value, label: one.label, group, words: `${group} ${one.label}`.toLocaleLowerCase() };
  });
  const chosen = options.find((one) => select.value === one.id);
  const input = el("input", {
    type: "text", id: select.id, role: "combobox", autocomplete: "off", placeholder: select.dataset.choose, value: chosen?.label ?? "",
    "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${select.id}-list`,
  });
  for (const name of ["aria-describedby", "aria-invalid", "aria-label"]) {
    if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
  }
  if (select.required) input.setAttribute("aria-required", "true");
  const list = el("ul", { class: "combo-list", id: `${select.id}-list`, role: "listbox", hidden: true });
  list.setAttribute("aria-label", document.querySelector(`label[for="${select.id}"]`)?.textContent.trim() ?? "");
  const box = el("div", { class: "combo", "data-combo": true, "data-name": select.name },
    el("input", { type: "hidden", name: select.name, value: chosen?.id ?? "" }), input,
    el("i", { class: "ico fa-solid fa-chevron-down", "aria-hidden": "true" }), list);
  select.replaceWith(box);
  combobox(box, (text) => {
    const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    return { results: options.filter((one) => words.every((word) => one.words.includes(word))) };
  });
}

for (const select of document.querySelectorAll("select[data-choose]")) choose(select);
