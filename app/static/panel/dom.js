/* Small helpers that every module uses. Text always enters the page as a text node, never as HTML. */

const texts = JSON.parse(document.getElementById("panel-texts")?.textContent || "{}");

/** A translated text of the page; {name} in it is replaced. */
export function t(key, values = {}) {
  return (texts[key] || key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Make an element: attributes, then children (strings become text nodes). */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** What stands between a word and what is said of it. */
export const colon = document.documentElement.lang.startsWith("zh") ? "：" : ": ";

export function icon(name) {
  return el("i", { class: `fa-solid ${name}`, "aria-hidden": "true" });
}

export function json(id) {
  const node = typeof id === "string" ? document.getElementById(id) : id;
  return node ? JSON.parse(node.textContent) : null;
}

/** Tell a screen reader what just changed. */
export function announce(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}

export function csrf() {
  return document.querySelector("meta[name=csrf-token]")?.content || "";
}

/** fetch for our own server: JSON in and out, CSRF header on writes. Throws an Error with a sentence. */
export async function ask(url, options = {}) {
  const headers = { Accept: "application/json", ...(options.headers || {}) };
  if (options.method && options.method !== "GET") headers["X-CSRFToken"] = csrf();
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(t("offline"));
  }
  const isJson = (response.headers.get("Content-Type") || "").includes("json");
  const body = isJson ? await response.json() : null;
  if (!response.ok) throw new Error(body?.message || t("failed"));
  return body;
}

export const DRAFTS = "panel-draft:";
/** Drop the drafts whose key begins so: one of them, or all of a person. */
export function forget(begin) {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(DRAFTS + begin)) localStorage.removeItem(key);
  } catch { /* a browser that keeps nothing */ }
}

/** Is the reader typing somewhere, so that single keys belong to him? */
export function isTyping(target) {
  const field = target.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog");
  return field != null && field.checkVisibility?.() !== false; // what was just closed keeps the focus until the next frame
}

/** A question in the panel's own dialog; resolves to true or false. */
export function confirmDialog(text, tone = "primary") {
  const dialog = document.getElementById("confirm");
  dialog.querySelector("[data-confirm-text]").textContent = text;
  const yes = dialog.querySelector("[data-confirm-yes]");
  yes.className = `btn btn-${tone}`;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Show a message at the top of the page, as a flash would. */
export function flash(text, tone = "info") {
  const box = el("div", { class: `message message-${tone}`, role: tone === "danger" ? "alert" : "status" }, el("div", {}, text));
  const close = el("button", { type: "button", "data-dismiss": true, "aria-label": t("dismiss") }, icon("fa-xmark"));
  box.append(close);
  document.getElementById("main").prepend(box);
  return box;
}
