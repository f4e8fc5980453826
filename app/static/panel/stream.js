/* News from the server while a page is open: one connection a page, shared by all who ask.

   import { stream } from "./stream.js";
   const stop = stream(["orders.Order"], ({ topic, kind, data }) => …, { reload: () => … });

   An event is news, not truth: ask the server for what you show. `reload` is called when events were missed, and when
   the connection comes back after it was lost without a trace; without it the page's other listeners still hear
   `panel:stream-reload`. The state is on <html data-stream="open|lost|ended">, in the event `panel:stream`, and it shows
   or hides every element with data-stream-lost. A hidden tab gives its connection back after half a minute (a browser
   has six for one server) and catches up when it is looked at again. */

const root = document.documentElement;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;
const HIDDEN_FOR = 30000;
const SILENT_FOR = 40000; // two heartbeats and a little

const listeners = new Set();
let source = null;
let open = "";          // the topics of the current connection
let last = "";          // the last event that was seen
let wait = FIRST_WAIT;
let retry = 0;
let hide = 0;
let watch = 0;
let planned = false;
let state = "";

/** Listen to topics. Returns a function that stops listening. */
export function stream(topics, fn, { reload } = {}) {
  const listener = { topics: new Set([].concat(topics)), fn, reload };
  listeners.add(listener);
  plan();
  return () => {
    listeners.delete(listener);
    plan();
  };
}

/** Be told of the state: "open", "lost" (it is tried again) or "ended" (the session is over). */
export function onState(fn) {
  document.addEventListener("panel:stream", (event) => fn(event.detail.state));
  if (state) fn(state);
}

/** The server can be reached, says somebody who has just reached it: a lost connection waits no longer. */
export function again() {
  if (source || state !== "lost") return;
  wait = FIRST_WAIT;
  connect();
}

/** The server did not answer for a while: an open connection may be dead without a word. Another one is told what this one missed. */
export function renew() {
  if (!source || state !== "open") { again(); return; }
  close();
  show("lost");
  wait = FIRST_WAIT;
  connect();
}

function plan() { // several calls in one turn make one connection
  if (planned) return;
  planned = true;
  queueMicrotask(() => {
    planned = false;
    const topics = [...new Set([...listeners].flatMap((listener) => [...listener.topics]))].sort().join(",");
    if (topics !== open) connect();
  });
}

function connect() {
  close();
  const topics = [...new Set([...listeners].flatMap((listener) => [...listener.topics]))].sort().join(",");
  if (!topics || document.hidden || state === "ended" || document.querySelector("[data-viewing-as]")) return;
  open = topics;
  const query = new URLSearchParams({ topics });
  if (last) query.set("last", last);
  source = new EventSource(`/stream?${query}`);
  source.onopen = () => { wait = FIRST_WAIT; show("open"); alive(); };
  source.onmessage = (event) => { seen(event); deliver(event.data); };
  let whole = false;
  source.addEventListener("beat", (event) => {
    seen(event);
    if (whole) return;
    whole = true; // the first beat of a connection comes when all was told that was missed
    document.dispatchEvent(new CustomEvent("panel:stream-whole"));
  });
  source.addEventListener("reload", (event) => { seen(event); reload(); });
  source.addEventListener("away", () => show("lost"));
  source.addEventListener("back", () => { show("open"); reload(); });
  source.addEventListener("end", () => { show("ended"); close(); });
  source.onerror = lost;
}

function close() {
  source?.close();
  source = null;
  open = "";
  clearTimeout(retry);
  clearTimeout(watch);
}

function lost() { // the browser's own retry knows no back-off and gives up at the first refusal
  close();
  show("lost");
  retry = setTimeout(probe, wait * (0.75 + Math.random() / 2));
  wait = Math.min(wait * 2, LONGEST_WAIT);
}

async function probe() {
  // an EventSource does not say why it was refused; 401 means that there is nothing to wait for
  try {
    const answer = await fetch("/stream?topics=", { headers: { Accept: "application/json" }, cache: "no-store" });
    if (answer.status === 401) { show("ended"); return; }
  } catch { /* no network: connect() will fail and be tried again */ }
  connect();
}

function seen(event) {
  if (event.lastEventId) last = event.lastEventId;
  alive();
}

function alive() { // a connection that died without a word is noticed by its silence
  clearTimeout(watch);
  watch = setTimeout(lost, SILENT_FOR);
}

function deliver(text) {
  const event = JSON.parse(text);
  for (const listener of [...listeners]) {
    if (listener.topics.has(event.topic)) call(() => listener.fn(event));
  }
}

function reload() {
  for (const listener of [...listeners]) if (listener.reload) call(listener.reload);
  document.dispatchEvent(new CustomEvent("panel:stream-reload"));
}

function call(fn) { // one listener that fails must not silence the others
  try { fn(); } catch (error) { console.error(error); }
}

function show(next) {
  if (next === state) return;
  state = next;
  root.dataset.stream = next;
  for (const node of document.querySelectorAll("[data-stream-lost]")) node.hidden = next === "open";
  document.dispatchEvent(new CustomEvent("panel:stream", { detail: { state: next } }));
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(hide);
  if (document.hidden) hide = setTimeout(close, HIDDEN_FOR);
  else if (!source) { wait = FIRST_WAIT; connect(); }
});
window.addEventListener("online", again);
window.addEventListener("pagehide", close);
window.addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
