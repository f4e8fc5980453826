/* The eye beside a masked value: asks why in a dialog, then shows the value in its place. Without a script it is a page. */
import { announce, ask, colon, el } from "./dom.js";

document.addEventListener("click", async (event) => {
  const eye = event.target.closest("[data-reveal]");
  if (!eye || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  let asked;
  try {
    asked = await ask(eye.href);
  } catch {
    location.href = eye.href; // the page says what is wrong
    return;
  }
  open(eye, asked);
}, true);

function open(eye, asked) {
  const { words } = asked;
  const reason = el("select", { class: "form-select", id: "reveal-reason", name: "reason" });
  reason.append(...asked.reasons.map((one) => el("option", { value: one.value }, one.label)));
  const why = el("input", { class: "form-control", id: "reveal-why", name: "why", maxlength: "200", autocomplete: "off" });
  const problem = el("p", { class: "error", role: "alert" });
  const cancel = el("button", { class: "btn btn-outline", type: "button" }, words.cancel);
  const form = el("form", {},
    el("div", { class: "dialog-body stack" },
      el("h2", { id: "reveal-title" }, `${words.title}${colon}${asked.label}`),
      el("div", { class: "field" }, el("label", { for: "reveal-reason" }, words.ask), reason),
      el("div", { class: "field" }, el("label", { for: "reveal-why" }, words.why), why),
      words.left && el("p", { class: "help" }, words.left), problem),
    el("div", { class: "dialog-foot" }, cancel, el("button", { class: "btn btn-primary" }, words.show)));
  const dialog = el("dialog", { class: "panel-dialog", "aria-labelledby": "reveal-title" }, form);
  document.body.append(dialog);
  cancel.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { dialog.remove(); if (eye.isConnected) eye.focus(); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const answer = await ask(eye.href, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      show(eye, answer.value);
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
    }
  });
  dialog.showModal();
  reason.focus();
}

function show(eye, value) {
  const shown = eye.parentElement.querySelector("[data-masked]");
  shown.textContent = value;
  shown.tabIndex = -1;
  eye.remove();
  shown.focus();
  announce(value);
}
