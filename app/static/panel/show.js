/* Show pages: tabs of related rows are loaded when they are opened; the row before and after, and its form, by keys. */
import { announce, DRAFTS, isTyping } from "./dom.js";

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("[data-related] .tabs a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const box = link.closest("[data-related]");
  const url = new URL(link.href);
  const part = new URL(url);
  part.searchParams.set("part", "related");
  box.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(part, { credentials: "same-origin" });
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-related]");
    if (!answer.ok || !found) throw new Error();
    box.replaceWith(document.adoptNode(found));
    history.replaceState(null, "", url);
    found.querySelector(".tabs [aria-current]")?.focus();
    announce(found.getAttribute("aria-label"));
  } catch {
    location.assign(url);
  }
});

/* Whoever is led to notes and files reads there what became of his own: the head of the page is out of sight. */
const notes = location.hash === "#remarks" && document.getElementById("remarks");
const told = notes ? document.querySelectorAll("#main > .message") : [];
for (const one of [...told].reverse()) notes.querySelector(".sheet-head").after(one);
if (told.length) notes.scrollIntoView();

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const way = { j: "[rel=next]", k: "[rel=prev]", e: "[aria-keyshortcuts=e]" }[event.key.toLowerCase()];
  const link = way && document.querySelector(`.page-tools a${way}`);
  if (link) location.assign(link.href);
});

/* A note that is being written stays in this browser for its writer: also when one walks on before it is sent, and when it is
   refused, of which an address brings back no more than its beginning. */
function keepNote(box) {
  const key = `${DRAFTS}${document.body.dataset.user}:note:${new URL(box.form.action).pathname}`;
  const keep = (sent) => localStorage.setItem(key, JSON.stringify({ text: box.value, sent, at: Date.now() }));
  try {
    const kept = JSON.parse(localStorage.getItem(key) || "null");
    if (kept && (box.value ? kept.text.startsWith(box.value) : !kept.sent)) box.value = kept.text;
    else localStorage.removeItem(key);
  } catch { /* a browser that keeps nothing */
    return;
  }
  box.addEventListener("input", () => keep(false));
  box.form.addEventListener("submit", () => keep(true));
}

const note = document.querySelector("#remarks textarea[name=body]");
if (note && document.body.dataset.user) keepNote(note);

/* What is too large is told when it is chosen, and not after minutes on its way. */
const files = document.getElementById("remark-files");
files?.addEventListener("change", () => {
  const large = [...files.files].find((one) => one.size > files.dataset.most * 2 ** 20);
  files.setCustomValidity(large ? files.dataset.large.replace("{name}", large.name) : "");
  files.reportValidity();
});
