/* A sheet's cells: Flask-Admin describes each in data attributes, here they become a small form that saves one value. */
import { announce, csrf, el, flash, t } from "./dom.js";

function control(link) {
  const value = link.dataset.value ?? "";
  const label = link.closest("table").querySelectorAll("thead th")[link.closest("td").cellIndex].textContent.trim();
  if (link.dataset.source) {
    const box = el("select", { class: "form-select", "aria-label": label });
    for (const one of JSON.parse(link.dataset.source)) box.append(el("option", { value: one.value, selected: String(one.value) === value }, String(one.text)));
    return box;
  }
  const box = el(link.dataset.type === "textarea" ? "textarea" : "input", { class: "form-control", "aria-label": label });
  box.value = value;
  return box;
}

function edit(link) {
  const box = control(link);
  let done = false;
  const end = (focus) => {
    done = true;
    box.replaceWith(link);
    if (focus) link.focus();
  };
  const save = async (focus) => {
    if (done) return;
    if (box.value === (link.dataset.value ?? "")) {
      end(focus);
      return;
    }
    done = true;
    box.disabled = true;
    const data = new FormData();
    data.set("list_form_pk", link.dataset.pk);
    data.set("version", link.dataset.version);
    data.set(link.name || link.getAttribute("name"), box.value);
    let answer = null;
    try {
      answer = await fetch(link.dataset.url, { method: "POST", body: data, headers: { "X-CSRFToken": csrf() }, credentials: "same-origin" });
    } catch {
      answer = null;
    }
    if (answer?.ok) {
      const version = await answer.text();
      for (const cell of [link, ...box.closest("tr").querySelectorAll("a[data-pk]")]) cell.dataset.version = version;
      link.dataset.value = box.value;
      link.textContent = box.selectedOptions ? box.selectedOptions[0].textContent : box.value || "–";
      announce(t("saved"));
      end(focus);
      link.closest("td").classList.add("saved");
      return;
    }
    const text = answer && answer.status < 500 && !(answer.headers.get("Content-Type") || "").includes("json") ? await answer.text() : "";
    flash(text.length > 0 && text.length < 300 && !text.includes("<") ? text : t(answer ? "changeRefused" : "offline"), "danger");
    box.disabled = false;
    done = false;
    box.focus();
  };
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && box.tagName !== "TEXTAREA") {
      event.preventDefault();
      save(true);
    } else if (event.key === "Escape") end(true);
  });
  box.addEventListener("blur", () => save(false));
  link.replaceWith(box);
  box.focus();
  box.select?.();
}

for (const sheet of document.querySelectorAll("[data-sheet]")) {
  for (const link of sheet.querySelectorAll("a[data-pk]")) {
    link.setAttribute("role", "button");
    const known = link.dataset.source ? JSON.parse(link.dataset.source).find((one) => String(one.value) === (link.dataset.value ?? "")) : null;
    if (known) link.textContent = known.text;
    if (!link.textContent.trim()) link.textContent = "–";
  }
  sheet.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-pk]");
    if (!link) return;
    event.preventDefault();
    edit(link);
  });
}
