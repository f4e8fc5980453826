/* Forms: pickers, tables of children, the warning before unsaved changes are left, Ctrl+S. */
import { announce, t } from "./dom.js";
import { drafts, leaving } from "./drafts.js";
import { wirePickers } from "./picker.js";

wirePickers();

function children(box) {
  const body = box.querySelector("tbody");
  const template = box.querySelector("template");
  const more = box.querySelector("[data-more]");
  const most = Number(box.dataset.max || 500);
  let next = Number(box.dataset.next || body.children.length);
  const prefix = `${box.dataset.children}-`;

  function renumber() {
    // rows are stored in the order of their numbers: swap the numbers, keep the fields
    for (const [at, row] of [...body.children].entries()) {
      for (const node of row.querySelectorAll("[name], [id], [for], [aria-controls], [aria-describedby], [data-name]")) {
        for (const attribute of ["name", "id", "for", "aria-controls", "aria-describedby", "data-name"]) {
          const value = node.getAttribute(attribute);
          if (value?.startsWith(prefix)) node.setAttribute(attribute, value.replace(/^(\w+?)-\d+-/, `$1-${at}-`));
        }
        if (/-position$/.test(node.name || "")) node.value = at;
      }
    }
    next = body.children.length;
  }
  const touch = () => box.dispatchEvent(new Event("change", { bubbles: true }));
  const limit = () => { more.disabled = body.querySelectorAll("tr:not(.gone)").length >= most; };

  more.addEventListener("click", () => {
    const copy = template.content.cloneNode(true);
    for (const node of copy.querySelectorAll("*")) {
      for (const attribute of [...node.attributes]) {
        if (attribute.value.includes("__i__")) node.setAttribute(attribute.name, attribute.value.replaceAll("__i__", next));
      }
    }
    next += 1;
    body.append(copy);
    wirePickers(body);
    body.lastElementChild.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    limit();
    touch();
  });

  const places = () => [...body.querySelectorAll("tr:not(.gone)")];
  function moved(row) {
    renumber();
    announce(t("place", { n: places().indexOf(row) + 1, total: places().length }));
    touch();
  }

  body.addEventListener("keydown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const row = grip.closest("tr");
    const other = event.key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (event.key === "ArrowUp") other.before(row);
    else other.after(row);
    grip.focus();
    moved(row);
  });
  body.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.button) return;
    event.preventDefault();
    grip.focus();
    const row = grip.closest("tr");
    const before = places().indexOf(row);
    row.classList.add("held");
    const follow = (at) => {
      const over = document.elementFromPoint(at.clientX, at.clientY)?.closest("tr");
      if (!over || over === row || over.parentElement !== body) return;
      const middle = over.getBoundingClientRect().top + over.offsetHeight / 2;
      if (at.clientY < middle) over.before(row);
      else over.after(row);
    };
    const drop = () => {
      row.classList.remove("held");
      document.removeEventListener("pointermove", follow);
      document.removeEventListener("pointerup", drop);
      document.removeEventListener("pointercancel", drop);
      grip.focus();
      if (places().indexOf(row) !== before) moved(row);
    };
    document.addEventListener("pointermove", follow);
    document.addEventListener("pointerup", drop);
    document.addEventListener("pointercancel", drop);
  });
  body.addEventListener("click", (event) => {
    const button = event.target.closest("[data-drop], [data-up], [data-down]");
    if (!button) return;
    const row = button.closest("tr");
    if ("drop" in button.dataset) {
      if ("new" in row.dataset) {
        (row.nextElementSibling || row.previousElementSibling || box).querySelector("[data-drop], [data-more]")?.focus();
        row.remove();
      } else {
        const gone = row.classList.toggle("gone");
        row.querySelector("[data-delete]").value = gone ? "1" : "";
        button.setAttribute("aria-label", gone ? t("restore") : t("remove"));
        button.firstElementChild.className = `fa-solid ${gone ? "fa-rotate-left" : "fa-xmark"}`;
      }
      limit();
    } else {
      if ("up" in button.dataset) row.previousElementSibling?.before(row);
      else row.nextElementSibling?.after(row);
      button.focus();
      moved(row);
    }
    touch();
  });
  limit();
}

function unsaved(form) {
  const mark = form.querySelector("[data-dirty]");
  let dirty = "restored" in form.dataset || form.querySelector(".field.bad, [data-focus]") !== null;
  let gone = false;
  const kept = form.dataset.draft ? drafts(form, () => dirty) : { save() {}, drop() {} };
  const note = () => {
    dirty = true;
    if (mark) mark.hidden = false;
  };
  const drop = () => {
    gone = true;
    kept.drop();
  };
  if ("restored" in form.dataset) note();
  form.addEventListener("input", (event) => { if (event.target.type !== "hidden") note(); }, true);
  form.addEventListener("change", note, true);
  form.addEventListener("pick", note, true);
  form.addEventListener("submit", () => {
    kept.save();
    gone = true;
  });
  for (const link of form.querySelectorAll("[data-leave]")) leaving(link, () => dirty, drop);
  window.addEventListener("beforeunload", (event) => {
    if (dirty && !gone) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      form.requestSubmit();
    }
  });
}

for (const box of document.querySelectorAll("[data-children]")) children(box);
for (const form of document.querySelectorAll("[data-form]")) unsaved(form);
