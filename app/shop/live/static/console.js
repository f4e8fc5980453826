/* What the three consoles have in common: the state, the stream, commands that happen once, and honest ages.

   The state is asked for again whenever the topic tells of a step that this page has not seen, after a gap, and every ten
   seconds in any case. Frames (figures and comments) come by the topic alone and are drawn with the screen's own frames. */
const box = document.querySelector("[data-console]");
const read = (id) => JSON.parse(document.getElementById(id).textContent);
export const texts = read("live-texts");
export let state = read("live-state");
const { renew, stream } = await import(box.dataset.stream);
const { el, csrf, icon } = await import(box.dataset.dom);
export { box, el, icon };

export const fill = (key, values = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
const drawers = [];
const framers = [];
const tickers = [];
let offset = Date.parse(state.now) - Date.now(); // the server's clock against ours
let heard = Date.now();                          // when we last knew that what we show is how it stands
let feedAt = null;                               // when the newest frame was made, by our own clock
let newest = state.frame?.at || "";              // the instant of the newest figures; an older frame takes none of them back
let lostSince = null;
let whole = 0;                                   // since when all is told that was missed; null while that is not known
let over = false;
let asking = null;
let again = false;

export const onState = (fn) => { drawers.push(fn); };
export const onFrame = (fn) => { framers.push(fn); };
export const onTick = (fn) => { tickers.push(fn); };
export const now = () => Date.now() + offset;
export const seconds = (iso) => (iso ? Math.max(0, Math.floor((now() - Date.parse(iso)) / 1000)) : 0);
/** The time of day, by the 24 hours of a watch in whatever language the browser speaks. */
export const hour = (iso, more = {}) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...more });
export const item = (id) => state.items.find((one) => one.id === id);
export const isLive = () => state.session.state === "live";
export const pinned = () => state.items.find((one) => one.pinned_at);

/** The next line of the run sheet that can be shown. */
export function following() {
  const at = state.items.findIndex((one) => one.pinned_at);
  return state.items.slice(at + 1).find((one) => one.state !== "delisted");
}

/** 75 → 1:15, 3675 → 1:01:15. */
export function clock(total) {
  const whole = Math.max(0, Math.floor(total));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return `${h ? `${h}:${String(m).padStart(2, "0")}` : m}:${String(s).padStart(2, "0")}`;
}

/** What the camera does and what has to lie ready, of the line that comes: for whoever stands at the camera and the table. */
export const cue = (one) => [one.cue, one.camera && `◉ ${one.camera}`, one.materials.length && fill("ready", { what: one.materials.join(" · ") })].filter(Boolean).join(" · ");

/** How long an item has been on screen, and how long it may be, in seconds. */
export function pace(one) {
  const shown = one.shown + (one.pinned_at ? seconds(one.pinned_at) : 0);
  return { shown, planned: one.minutes * 60, left: one.minutes * 60 - shown };
}

export function money(minor) {
  const { currency, exponent } = state.session;
  const format = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency, maximumFractionDigits: exponent, minimumFractionDigits: minor % 10 ** exponent ? exponent : 0 });
  return format.format(minor / 10 ** exponent);
}

export function node(name, root = box) { return root.querySelector(`[data-${name}]`); }

export function said(text, tone = "") {
  const line = node("said");
  if (!line) return;
  line.textContent = text;
  line.dataset.tone = tone;
  clearTimeout(said.timer);
  if (tone !== "wait") said.timer = setTimeout(() => { line.textContent = ""; line.dataset.tone = ""; }, tone === "bad" ? 9000 : 4000);
}

/* --- the state --- */

export function refresh() { // one question at a time; what is asked for meanwhile is asked once more
  if (asking) { again = true; return asking; }
  asking = (async () => {
    const from = Date.now();
    try {
      const answer = await fetch(box.dataset.state, { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(8000) }); // a network may be gone without a word
      if (answer.status === 401) { over = true; return; }
      if (!answer.ok) return;
      const next = await answer.json();
      offset = Date.parse(next.now) - (from + Date.now()) / 2;
      heard = Date.now();
      const isNew = next.version >= state.version;
      state = isNew ? next : state;
      if ((next.frame?.at || "") > newest) newest = next.frame.at;
      reached(from);
      if (isNew) draw();
    } catch { unreached(); } finally {
      asking = null;
      if (again) { again = false; refresh(); }
    }
  })();
  return asking;
}

function draw() { for (const fn of drawers) fn(state); tick(); }

/* Nothing is missing when the events come too, and it is known that all of those came that were missed: a connection may have died
   without a word while the server was away, so another one is made; and the state has to be one that was asked for after that. */
function reached(asked = 0) {
  if (!lostSince) return;
  if (whole === null || document.documentElement.dataset.stream === "lost") { renew(); whole = Infinity; return; }
  if (asked < whole) return;
  said(fill("back"), "good");
  lostSince = null;
}

function unreached() {
  lostSince ??= Date.now();
  whole = null;
  tick();
}
document.addEventListener("panel:stream-whole", () => {
  if (whole === 0) return;
  whole = Date.now();
  refresh();
});

stream([box.dataset.topic], ({ kind, data }) => {
  heard = Date.now();
  reached();
  if (kind === "state" && data.version > state.version) refresh();
  if (kind === "stock") refresh();
  if (kind === "frame") {
    const late = data.at < newest; // of what was missed: its comments are news, its figures are not
    if (!late) newest = data.at;
    feedAt = Math.max(feedAt ?? 0, Math.min(Date.now(), Date.parse(data.at) - offset));
    for (const fn of framers) fn(data, late);
  }
}, { reload: () => { lostSince = null; whole = 0; said(fill("anew"), "bad"); refresh(); } }); // more happened than the server keeps
document.addEventListener("panel:stream", ({ detail }) => {
  if (detail.state === "lost") unreached();
  if (detail.state === "open") refresh();
  over = detail.state === "ended";
  tick();
});
window.addEventListener("offline", refresh); // a browser errs: whether the server can be reached is asked of the server
window.addEventListener("online", refresh);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
setInterval(() => { if (!document.hidden) refresh(); }, 10000);
setInterval(() => { if ((lostSince || document.documentElement.dataset.stream === "lost") && !document.hidden) refresh(); }, 2000);
setInterval(tick, 500);

function tick() {
  for (const fn of tickers) fn();
  const age = Math.floor((Date.now() - heard) / 1000);
  const chip = node("age");
  if (chip) {
    chip.textContent = age < 12 && !lostSince ? fill("fresh") : fill("old", { n: age });
    chip.dataset.tone = lostSince || over ? "bad" : age < 12 ? "good" : "warn";
  }
  const feed = node("feed-age");
  if (feed) {
    const told = state.frame?.figures?.heard_at;
    const known = Math.max(feedAt ?? 0, told ? Date.parse(told) - offset : 0) || null;
    const old = known === null ? null : Math.max(0, Math.floor((Date.now() - known) / 1000));
    feed.hidden = state.session.state === "ended"; // nothing is to come
    feed.textContent = old === null ? fill("noFeed") : old < 90 ? fill("feedAge", { n: old }) : fill("feedStill", { n: clock(old) });
    feed.dataset.tone = old === null ? "" : old <= 5 ? "good" : old <= 30 ? "warn" : "bad";
  }
  const banner = node("lost");
  banner.hidden = !lostSince && !over;
  if (over) banner.textContent = fill("ended");
  else if (lostSince) banner.textContent = fill("lost", { n: Math.floor((Date.now() - lostSince) / 1000), age: clock((Date.now() - heard) / 1000) });
  document.documentElement.dataset.console = lostSince || over ? "lost" : "open";
}

/* --- commands --- */

// randomUUID is missing on plain http in a shop's network
export const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Give a command, once: a lost answer is asked for again under the same key, so that it can have no second effect. */
export async function command(verb, values = {}, { quiet = false, wrong = null } = {}) {
  const body = JSON.stringify({ key: newKey(), ...values });
  const until = Date.now() + 10000;
  for (let pause = 400; ; pause = Math.min(pause * 2, 2000)) {
    try {
      const answer = await fetch(box.dataset.do.replace("VERB", verb), {
        method: "POST", body, headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf() },
        signal: AbortSignal.timeout(6000),
      });
      if (answer.status >= 502) throw new TypeError("the server is away");
      const told = await answer.json();
      if (answer.ok) { if (!quiet) said(told.said || "", "good"); } else { said(told.message || "", "bad"); wrong?.(told.message || "", told.errors || {}); }
      await refresh();
      return answer.ok ? told : null;
    } catch (error) {
      if (Date.now() > until) { said(fill("unknown"), "bad"); unreached(); return null; }
      said(fill("checking"), "wait");
      await wait(pause);
    }
  }
}

/** A form whose text is a command: pressed again while the same is on its way it gives none; of the named fields those are
    emptied that still hold what was sent, for somebody may be writing the next. */
export function submits(form, verb, values, { quiet = false, empties = ["text"], before = null } = {}) {
  const underway = new Set();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = values();
    const mark = JSON.stringify(given);
    if (!given.text || underway.has(mark)) return;
    before?.();
    underway.add(mark);
    const sent = empties.map((name) => [form.elements[name], form.elements[name].value]);
    if (await command(verb, given, { quiet })) for (const [field, was] of sent) if (field.value === was) field.value = "";
    underway.delete(mark);
  });
}

/** Have a button of the page give a command: it is off while the answer is awaited, so that a double click gives one. */
export function presses(one, fn) {
  let isUnderway = false;
  one?.addEventListener("click", async () => {
    if (isUnderway) return;
    isUnderway = true;
    try { await fn(); } finally { isUnderway = false; }
  });
}

/** A button that gives a command; it is off while the answer is awaited. */
export function button(label, sign, fn, { tone = "btn-outline", title = "" } = {}) {
  const made = el("button", { type: "button", class: `btn btn-sm ${tone}`, title: title || label });
  if (sign) made.append(icon(sign));
  made.append(el("span", {}, label));
  made.addEventListener("click", async (event) => {
    event.stopPropagation();
    made.disabled = true;
    try { await fn(); } finally { made.disabled = false; }
  });
  return made;
}

/* A button that is drawn anew, or moves, between press and release takes the click with it: while somebody presses, nothing is
   put in place of what stands there. For a second at most, for a release over a scroll bar is never told. */
let pressed = false;
let owed = false;
let release = 0;
function released() {
  pressed = false;
  if (owed) { owed = false; draw(); }
}
document.addEventListener("pointerdown", () => { pressed = true; clearTimeout(release); release = setTimeout(released, 1000); }, true);
for (const kind of ["pointerup", "pointercancel"]) {
  document.addEventListener(kind, () => { clearTimeout(release); release = setTimeout(released); }, true); // the click comes before
}
document.addEventListener("click", () => { pressed = false; }, true); // what it does is drawn at once

/** Put children into a node, and leave it alone when nothing changed: focus and scroll stay where they are. */
export function put(target, mark, make) {
  if (!target || target.dataset.mark === mark) return false;
  if (pressed) { owed = true; return false; }
  target.dataset.mark = mark;
  target.replaceChildren(...[].concat(make()).filter((one) => one != null));
  return true;
}

/* --- the team's channel --- */

/** What a message says: a call is said in the reader's own language. */
export const words = (one) => (one.kind === "note" ? one.text : fill(one.kind));

/** The end of a list stays in sight, whatever room the list gets, until somebody reads further up; `back` is called when he is down again. */
function follow(list, back = () => {}) {
  const end = { follows: true, go() { end.follows = true; list.scrollTop = list.scrollHeight; } };
  list.addEventListener("scroll", () => {
    const was = end.follows;
    end.follows = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    if (end.follows && !was) back();
  });
  new ResizeObserver(() => { if (end.follows) end.go(); }).observe(list);
  return end;
}

export function team() {
  const list = node("messages");
  const form = node("say");
  if (!list) return;
  const end = follow(list);
  onState(() => {
    put(list, state.messages.map((one) => `${one.id}${one.seen_at ? "s" : ""}`).join(), () =>
      state.messages.length ? state.messages.map((one) => el("li", { class: `say say-${one.post}${one.mentions.includes(box.dataset.post) ? " mentioned" : ""}`, "data-kind": one.kind },
        el("b", {}, one.word), el("span", { class: "quiet" }, ` ${one.by} · ${hour(one.said_at)}`),
        el("p", {}, words(one)))) : [el("li", { class: "quiet none" }, fill("noMessages"))]);
    if (end.follows) end.go();
  });
  if (form) submits(form, "say", () => ({ text: form.text.value.trim() }), { quiet: true, before: () => { end.follows = true; } });
  onState(() => { // nothing is offered that would be refused
    const isHeard = ["ready", "live", "ended"].includes(state.session.state);
    for (const one of form?.elements || []) one.disabled = !isHeard;
    for (const one of box.querySelectorAll("[data-call]")) one.disabled = !isLive();
  });
  for (const one of box.querySelectorAll("[data-call]")) presses(one, () => command("say", { kind: one.dataset.call, text: "" }));
}

/* --- the comments: gathered as they come, drawn once a frame of the screen, two hundred kept. They stand still while
   somebody reads further up or has chosen one --- */

export function comments(acts) {
  const list = node("comments");
  if (!list) return;
  const search = node("comment-search");
  const pause = node("comment-pause");
  const bar = node("comment-bar");
  const kept = new Map();
  let fresh = [];
  let held = 0;
  let gone = 0;
  let drawing = false;
  const end = follow(list, () => { if (!drawing) { drawing = true; requestAnimationFrame(paint); } });
  const isPressed = () => pause?.getAttribute("aria-pressed") === "true";
  const paused = () => isPressed() || !end.follows || Boolean(list.querySelector(".chosen"));
  const answer = (text) => el("small", { class: "quiet", "data-reply": true }, ` ↳ ${texts.byItself} ${text}`);
  function answered(some) { // what was answered by itself stands beside its comment
    for (const { comment, text } of some) {
      const one = kept.get(comment);
      const row = one && !one.reply && list.querySelector(`[data-comment="${comment}"]`);
      if (one) one.reply ||= text;
      if (row) row.append(answer(text));
    }
  }
  const fits = (one) => { const q = search?.value.trim().toLowerCase(); return !q || `${one.name} ${one.text}`.toLowerCase().includes(q); };
  const line = (one) => {
    const made = el("li", { "data-comment": one.id }, el("b", {}, one.name || texts.unnamed), " ", el("span", {}, one.text), one.reply ? answer(one.reply) : null);
    made.hidden = !fits(one);
    return made;
  };
  function place(made, id) { // in the order in which they came: one that was missed belongs before those that came since
    let before = list.lastElementChild;
    while (before && Number(before.dataset.comment) > id) before = before.previousElementSibling;
    if (before) before.after(made); else list.prepend(made);
  }
  function paint() {
    drawing = false;
    if (pressed) { drawing = true; requestAnimationFrame(paint); return; }
    if (paused()) { told(); return; }
    const some = fresh.slice(-200);
    fresh = [];
    held = 0;
    for (const one of some) place(line(one), one.id);
    while (list.children.length > 200) { kept.delete(Number(list.firstElementChild.dataset.comment)); list.firstElementChild.remove(); }
    if (some.length) end.go();
    told();
  }
  function told() {
    const words = [paused() && held ? `${fill("paused", { n: held })} ↓` : "", gone ? fill("missed", { n: gone }) : ""].filter(Boolean);
    bar.textContent = words.join(" · ");
  }
  const isOff = (one) => state.silent?.includes(one.viewer) || state.hidden?.includes(one.id);
  function drop() { // what was taken off by hand, and what silenced viewers wrote
    fresh = fresh.filter((one) => !isOff(one));
    for (const [id, one] of kept) if (isOff(one)) { kept.delete(id); list.querySelector(`[data-comment="${id}"]`)?.remove(); }
  }
  function take(some, missed = 0) {
    const unseen = some.filter((one) => !kept.has(one.id) && !isOff(one));
    for (const one of unseen) kept.set(one.id, one);
    fresh.push(...unseen);
    held += unseen.length;
    gone += missed;
    for (const one of fresh.splice(0, Math.max(0, fresh.length - 200))) { kept.delete(one.id); gone += 1; }
    if (!drawing) { drawing = true; requestAnimationFrame(paint); }
  }
  onFrame((frame) => { take(frame.comments || [], frame.missed || 0); answered(frame.replies || []); });
  onState(() => { drop(); take(state.comments || []); });
  let came = true; // from the end of the list, when the first one was chosen
  function letGo() { // of the chosen one
    list.querySelector(".acts")?.remove();
    list.querySelector(".chosen")?.classList.remove("chosen");
    if (came) end.go();
    if (!drawing) { drawing = true; requestAnimationFrame(paint); }
  }
  pause?.addEventListener("click", () => { pause.setAttribute("aria-pressed", String(!isPressed())); requestAnimationFrame(paint); });
  bar.addEventListener("click", () => { pause?.setAttribute("aria-pressed", "false"); came = true; gone = 0; letGo(); });
  list.addEventListener("keydown", (event) => { if (event.key === "Escape") { letGo(); list.focus(); } });
  search?.addEventListener("input", () => { for (const one of list.children) one.hidden = !fits(kept.get(Number(one.dataset.comment)) || {}); });
  list.addEventListener("click", (event) => {
    const chosen = event.target.closest("li");
    const one = chosen && kept.get(Number(chosen.dataset.comment));
    if (!one || event.target.closest("button")) return;
    if (chosen.classList.contains("chosen")) { letGo(); return; }
    const last = list.querySelector(".chosen");
    if (last) { last.querySelector(".acts")?.remove(); last.classList.remove("chosen"); } else came = end.follows;
    const row = el("span", { class: "acts" }, ...acts(one));
    row.addEventListener("click", () => setTimeout(letGo), true); // done with it
    chosen.classList.add("chosen");
    chosen.append(row);
  });
}

/* --- how long questions have waited: yellow after a minute, red after three (SVC-07) --- */

onTick(() => {
  for (const one of box.querySelectorAll("[data-asked]")) {
    const age = seconds(one.dataset.asked);
    one.querySelector(".age").textContent = clock(age);
    one.dataset.age = age >= 180 ? "red" : age >= 60 ? "yellow" : "";
  }
});

export const begin = () => { draw(); };
