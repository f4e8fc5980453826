/* Drafts: what is typed into a form stays in this browser until it is saved, for its writer and its record alone. */
import { confirmDialog, DRAFTS as PREFIX, el, forget, icon, t } from "./dom.js";

const LONGEST = 14 * 24 * 3600 * 1000;
const WAIT = 300;
const FRESH = new Set(["csrf_token", "idempotency_key", "next", "_draft"]);

function read(key) {
  try { return JSON.parse(localStorage.getItem(PREFIX + key) || "null"); } catch { return null; }
}

function write(key, draft) {
  try { localStorage.setItem(PREFIX + key, JSON.stringify(draft)); } catch { /* a browser that keeps nothing */ }
}

function sweep() {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX) && !(Date.now() - (read(key.slice(PREFIX.length))?.at || 0) < LONGEST)) localStorage.removeItem(key);
    }
  } catch { /* a browser that keeps nothing */ }
}

/** What a form would send, but for files and for what is secret. */
function values(form) {
  const found = [];
  for (const control of form.elements) {
    if (!control.name || control.disabled || FRESH.has(control.name)) continue;
    if (["password", "file", "submit", "button"].includes(control.type) || control.closest("[data-secret]")) continue;
    if ((control.type === "checkbox" || control.type === "radio") && !control.checked) continue;
    if (control.tagName === "SELECT") for (const one of control.selectedOptions) found.push([control.name, one.value]);
    else found.push([control.name, control.value]);
  }
  return found;
}

/** The values without what only the server reads: two drafts are alike when a person would say so. */
function telling(list) {
  const own = list.filter(([name]) => !["version", "base"].includes(name) && !/-(known|version)$/.test(name));
  return JSON.stringify(own.map(([name, value]) => [name, value.replace(/\r\n/g, "\n")]));
}

/** Send the draft to the server, which shows the form with it: pickers, rows of children and all. */
function bringBack(form, draft) {
  const sender = el("form", { method: "post", action: form.action, hidden: true });
  const kept = [...form.querySelectorAll("[name=csrf_token], [name=next]")].map((one) => [one.name, one.value]);
  for (const [name, value] of [...kept, ["_draft", "1"], ...draft.values]) {
    const field = el("textarea", { name });
    field.value = value;
    sender.append(field);
  }
  document.body.append(sender);
  sender.submit();
}

function offer(form, key, draft) {
  const when = new Date(draft.at);
  const wall = { dateStyle: "medium", timeStyle: "short", timeZone: form.dataset.zone || undefined }; // that of the shop
  const time = el("time", { datetime: when.toISOString() }, when.toLocaleString(document.documentElement.lang, wall));
  const back = el("button", { type: "button", class: "btn btn-outline btn-sm" }, icon("fa-rotate-left"), t("draftBack"));
  const drop = el("button", { type: "button", class: "btn btn-quiet btn-sm" }, t("draftDrop"));
  const box = el("div", { class: "message message-info draft-offer", role: "status" }, icon("fa-pen-to-square"),
    el("div", {}, t("draftThere"), " ", time), el("span", { class: "draft-verbs" }, back, drop));
  back.addEventListener("click", () => bringBack(form, draft));
  drop.addEventListener("click", () => { forget(key); box.remove(); });
  form.before(box);
  return box;
}

/** Keep what is typed into a form, and offer what was kept; `isDirty` says whether anybody typed. */
export function drafts(form, isDirty) {
  const { draft: key } = form.dataset;
  sweep();
  let timer = 0;
  let done = false;
  const box = { now: null };
  const save = () => {
    clearTimeout(timer);
    timer = 0;
    if (done || !isDirty()) return;
    box.now?.remove(); // what is typed now takes the place of what was offered
    write(key, { at: Date.now(), values: values(form) });
  };
  const soon = () => { timer ||= setTimeout(save, WAIT); };
  for (const kind of ["input", "change", "pick"]) form.addEventListener(kind, soon);
  window.addEventListener("pagehide", () => { if (timer) save(); });
  const draft = read(key);
  if (draft && !isDirty()) {
    if (telling(draft.values) === telling(values(form))) forget(key);
    else box.now = offer(form, key, draft);
  }
  return { save, drop: () => { done = true; clearTimeout(timer); forget(key); } };
}

/** Ask before a link leads away from what is not saved; the answer yes drops the draft. */
export function leaving(link, isDirty, drop) {
  link.addEventListener("click", async (event) => {
    if (!isDirty()) return;
    event.preventDefault();
    if (!(await confirmDialog(t("dropChanges"), "danger"))) return;
    drop();
    location.assign(link.href);
  });
}
