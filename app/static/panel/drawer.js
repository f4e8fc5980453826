/* A new row beside the form that needs it: its own form in a drawer, and the row that it makes goes back into the picker. */
import { announce, confirmDialog, el, icon, t } from "./dom.js";

const NAMED = ["id", "for", "aria-controls", "aria-describedby", "aria-labelledby"];

/** The form of an answer of the server, with names of its own: the page below may have the same ones. */
function formOf(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  const form = page.querySelector("main form[data-form]");
  if (!form) return null;
  for (const part of form.querySelectorAll("[data-children], .form-bar, [data-new]")) {
    if ("new" in part.dataset) delete part.dataset.new;
    else part.remove();
  }
  for (const node of form.querySelectorAll(NAMED.map((name) => `[${name}]`).join(", "))) {
    for (const name of NAMED) {
      const value = node.getAttribute(name);
      if (value) node.setAttribute(name, value.split(" ").map((one) => `drawer-${one}`).join(" "));
    }
  }
  for (const link of form.querySelectorAll('a[href^="#"]')) link.setAttribute("href", `#drawer-${link.getAttribute("href").slice(1)}`);
  const messages = [...page.querySelectorAll("main > .message-danger")];
  return { form: document.adoptNode(form), messages: messages.map((one) => document.adoptNode(one)) };
}

/** Open the drawer; resolves to {id, label} of the new row, or to null when it was put away. */
export async function drawer(url, label, typed, wire) {
  const body = el("div", { class: "drawer-body" }, el("p", { class: "quiet" }, t("loading")));
  const shut = el("button", { type: "button", class: "btn btn-quiet btn-icon", "aria-label": t("dismiss") }, icon("fa-xmark"));
  const save = el("button", { type: "button", class: "btn btn-primary" }, icon("fa-check"), t("save"));
  const cancel = el("button", { type: "button", class: "btn btn-quiet" }, t("cancel"));
  const head = el("div", { class: "drawer-head" }, el("h2", { id: "drawer-title" }, label), shut);
  const dialog = el("dialog", { class: "panel-dialog drawer", "aria-labelledby": "drawer-title" }, head, body, el("div", { class: "drawer-foot" }, save, cancel));
  document.body.append(dialog);
  let form = null;
  let made = null;

  const show = (text) => {
    const found = formOf(text);
    if (!found) {
      body.replaceChildren(el("p", { class: "message message-danger", role: "alert" }, t("failed")));
      save.disabled = true;
      return;
    }
    form = found.form;
    form.addEventListener("submit", (event) => { event.preventDefault(); event.stopPropagation(); send(); });
    body.replaceChildren(...found.messages, form);
    wire(form);
  };
  const send = async () => {
    if (!form || save.disabled) return;
    save.disabled = true;
    const data = new FormData(form);
    data.append("_drawer", "1");
    try {
      const answer = await fetch(url, { method: "POST", body: data, credentials: "same-origin" });
      save.disabled = false;
      if ((answer.headers.get("Content-Type") || "").includes("json") && answer.ok) {
        made = await answer.json();
        dialog.close();
      } else {
        show(await answer.text());
        body.querySelector("[data-focus], .field.bad :is(input, select, textarea)")?.focus();
      }
    } catch {
      save.disabled = false;
      announce(t("offline"));
      body.prepend(el("p", { class: "message message-danger", role: "alert" }, t("offline")));
    }
  };

  save.addEventListener("click", send);
  let dirty = false;
  const leave = async () => { if (!dirty || (await confirmDialog(t("dropChanges"), "danger"))) dialog.close(); };
  for (const kind of ["input", "change", "pick"]) body.addEventListener(kind, () => { dirty = true; });
  for (const button of [shut, cancel]) button.addEventListener("click", leave);
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); leave(); });
  // what is typed here is no event of the form below
  for (const kind of ["input", "change", "pick", "keydown"]) dialog.addEventListener(kind, (event) => event.stopPropagation());
  dialog.showModal();
  const ended = new Promise((resolve) => {
    dialog.addEventListener("close", () => { dialog.remove(); resolve(made); }, { once: true });
  });
  try {
    const answer = await fetch(url, { credentials: "same-origin" });
    show(await answer.text());
  } catch {
    show("");
  }
  const first = form?.querySelector("input[type=text]:not([role=combobox])");
  if (first && !first.value) first.value = typed;
  first?.focus();
  return ended;
}
