/* The control desk: the run sheet with what can be done to each line, the card on screen with its pace, notice, figures,
   questions, comments, the team, and the log from which a command is taken back. Everything has a key. */
import { newOffer, preset, priceMark, priceTag, reprice, wire } from "./offers.js";
import { begin, box, button, clock, command, comments, cue, el, fill, following, hour, icon, isLive, item, money, node, now, onFrame, onState, onTick, pace, pinned, presses, put, seconds, state, submits, team, texts } from "./console.js";
import { GAME_KEYS, moderation } from "./games.js";

import "./hints.js";

let chosen = null;
let frame = state.frame || null;
const line = (one) => document.getElementById(`line-${one.id}`);

/* --- items --- */

function acts(one) {
  if (state.session.state !== "live") return [];
  const give = (verb) => command(verb, { item: one.id, version: one.version });
  const made = [];
  if (!one.pinned_at && one.state !== "suspended" && one.state !== "delisted") made.push(button(texts.pin, "fa-thumbtack", () => give("pin"), { title: `${texts.pin} (P)` }));
  if (one.kind === "demo") return made;
  if (one.state === "planned" || one.state === "delisted") made.push(button(texts.list, "fa-arrow-up", () => give("list"), { title: `${texts.list} (L)` }));
  if (one.state === "listed") made.push(button(texts.suspend, "fa-pause", () => give("suspend"), { title: `${texts.suspend} (S)` }));
  if (one.state === "suspended") made.push(button(texts.resume, "fa-play", () => give("resume"), { title: `${texts.resume} (S)` }));
  if (one.state === "listed" || one.state === "suspended") made.push(button(texts.delist, "fa-arrow-down", () => give("delist"), { title: `${texts.delist} (L)` }));
  return made;
}

/** Said where buyers do not pay the price of the session, and why; it leads to the promotion that comes first. */
function instead(one) {
  const told = state.paid?.[one.id];
  return told ? el("p", { class: "paid-instead" }, icon("fa-triangle-exclamation"), " ", told.url ? el("a", { href: told.url }, told.text) : told.text) : "";
}

function row(one) {
  const made = el("li", { id: `line-${one.id}`, class: `line${one.pinned_at ? " up" : ""}${one.id === chosen ? " chosen" : ""}`, "data-state": one.state });
  const told = [one.sku, one.aside ? fill("aside", { n: one.aside }) : "", one.pins ? fill("pins", { n: one.pins }) : ""].filter(Boolean);
  made.append(
    el("span", { class: "pos" }, String(one.position)),
    el("div", { class: "what" }, el("b", {}, one.title), el("small", { class: "quiet" }, el("span", { "data-stock": true }), told.join(" · "))),
    el("span", { class: "price num" }, one.price_text), el("span", { class: "time num", "data-time": true }), el("span", { class: `badge badge-${one.pinned_at ? "danger" : one.tone}` }, one.pinned_at ? texts.onScreen : one.word),
    el("span", { class: "sold num quiet", "data-sold": true }), el("div", { class: "acts" }, ...acts(one)), instead(one),
  );
  made.addEventListener("click", () => choose(one.id));
  return made;
}

function choose(id) {
  chosen = id;
  for (const one of box.querySelectorAll(".line")) one.classList.toggle("chosen", one.id === `line-${id}`);
  document.getElementById(`line-${id}`)?.scrollIntoView({ block: "nearest" });
}

function items() {
  const mark = JSON.stringify(state.items.map((one) => [one.id, one.version, one.state, one.pinned_at, one.pins])) + state.session.state + JSON.stringify(state.paid || {});
  put(node("items"), mark, () => state.items.map(row));
  if (chosen === null || !item(chosen)) chosen = (pinned() || state.items[0])?.id ?? null;
  sold();
}

function sold() { // what changes by itself is written into the line: a button that is just being pressed stays the same one
  for (const one of state.items) {
    const stock = line(one) && node("stock", line(one));
    stock?.classList.toggle("late", one.stock === 0 && one.state === "listed");
    if (stock) stock.textContent = one.stock == null ? "" : `${fill("stock", { n: one.stock })}${stock.nextSibling?.textContent ? " · " : ""}`;
    const told = frame?.items?.[one.id];
    const cell = line(one) && node("sold", line(one));
    if (cell) cell.textContent = told ? `${told.clicks} › ${told.carts} › ${told.orders} · ${money(told.gmv)}` : "";
  }
}

/* --- the card on screen --- */

function now_() {
  const up = pinned();
  const next = following();
  const isOver = state.session.state === "ended";
  put(node("now"), JSON.stringify([up?.id, up?.version, next?.id, next?.version, state.session.state, priceMark(up), state.paid?.[up?.id]]), () => {
    if (isOver) return [el("p", { class: "quiet" }, state.session.word)];
    if (!up) return [el("p", { class: "quiet" }, texts.nothing), coming(next), ...(next && state.session.state === "live" ? [button(`${texts.next}: ${next.title}`, "fa-forward-step", goOn, { tone: "btn-primary" })] : [])];
    return [
      el("div", { class: "now-head" }, el("h2", {}, up.title), el("span", { class: "now-price num" }, ...priceTag(up))), instead(up),
      el("div", { class: "pace", "data-pace": true }, el("span", { class: "pace-bar" }, el("i", {})), el("b", { class: "num", "data-pace-left": true })),
      el("p", { class: "quiet", "data-cue": true }, cue(up)), coming(next),
      el("div", { class: "now-acts" }, button(next ? `${texts.next}: ${next.title}` : texts.last, "fa-forward-step", goOn, { tone: "btn-primary" }), keeper(up)),
    ];
  });
}

/** The next cue: the camera is turned and the table laid before the host gets there (LVC-26, LVC-27). */
function coming(next) {
  if (!next || !cue(next)) return null;
  return el("p", { class: "coming", "data-coming": true }, el("b", {}, texts.upNext), " ", el("span", {}, `${next.title} · ${cue(next)}`));
}

const goOn = () => isLive() && command("next", { pinned: pinned()?.id ?? null });
let keeping = null;
const KEPT = `live-keep-${state.session.id}`;

function keeper(up) {
  const every = up.repin || 8;
  const made = el("label", { class: "keep" });
  const tick = el("input", { type: "checkbox" });
  tick.checked = sessionStorage.getItem(KEPT) === String(up.id);
  tick.addEventListener("change", () => { sessionStorage.setItem(KEPT, tick.checked ? String(up.id) : ""); hold(up, every); });
  made.append(tick, ` ${texts.keep} `, el("span", { class: "quiet" }, fill("kept", { n: every })));
  hold(up, every);
  return made;
}

function hold(up, every) { // the platform's own card goes away after some seconds; it is brought up again while this is ticked
  clearInterval(keeping);
  if (sessionStorage.getItem(KEPT) !== String(up.id) || state.session.state !== "live") return;
  keeping = setInterval(() => {
    if (pinned()?.id !== up.id || state.session.state !== "live") { clearInterval(keeping); return; }
    command("repin", { item: up.id }, { quiet: true });
  }, every * 1000);
}

onTick(() => {
  now_();
  const up = pinned();
  if (up && node("pace")) {
    const { shown, planned, left } = pace(up);
    const part = planned ? Math.min(100, (shown / planned) * 100) : 100;
    node("pace").querySelector("i").style.inlineSize = `${part}%`;
    node("pace").dataset.tone = left < 0 ? "bad" : part > 80 ? "warn" : "";
    node("pace-left").textContent = left >= 0 ? fill("left", { n: clock(left) }) : fill("over", { n: clock(-left) });
  }
  for (const one of state.items) {
    const cell = line(one) && node("time", line(one));
    if (cell) { const { shown, planned } = pace(one); cell.textContent = `${shown ? clock(shown) : "–"} / ${Math.round(planned / 60)}′`; cell.classList.toggle("late", shown > planned && planned > 0); }
  }
  const { state: is, begun_at, ends_at, starts_at } = state.session;
  const end = (Date.parse(ends_at) - now()) / 1000;
  const told = is === "live" ? [fill("onAir", { n: clock(seconds(begun_at)) }), end >= 0 ? fill("toEnd", { n: clock(end) }) : fill("late", { n: clock(-end) })]
    : is === "ended" ? [] : [fill("toStart", { n: clock((Date.parse(starts_at) - now()) / 1000) })];
  node("clock").textContent = told.join(" · ");
});

/* --- notice --- */

const form = node("notice-form");
submits(form, "notice", () => ({ text: form.text.value.trim(), item: Number(form.item.value) || null }));
presses(node("notice-down"), () => command("take_notice"));

function notice() {
  const up = state.notice;
  node("notice").textContent = up ? `${up.text}${up.item && item(up.item) ? ` (${item(up.item).title})` : ""}` : texts.noNotice;
  node("notice").classList.toggle("up", Boolean(up));
  node("notice-down").hidden = !up;
  form.hidden = !isLive();
  const about = form.item.value;
  if (put(form.item, state.items.map((one) => one.id).join(), () => [el("option", { value: "" }, "–"), ...state.items.map((one) => el("option", { value: one.id }, `${one.position} ${one.title}`))])) form.item.value = about || pinned()?.id || "";
}

/* --- questions, log --- */

function question(one) {
  const give = (verb, more = {}) => command(verb, { question: one.id, version: one.version, ...more });
  const made = el("li", { class: "question", "data-asked": one.asked_at, "data-done": one.done_at || false },
    el("div", {}, el("b", {}, one.asker || texts.unnamed), " ", el("span", { class: "age num" }), " ", el("span", { class: `badge badge-${one.tone}` }, one.word)), el("p", {}, one.text),
    ...one.thread.map((said) => el("small", { class: "quiet" }, `${said.by}: ${said.text}`)));
  if (!one.done_at) {
    made.append(el("div", { class: "acts" }, one.asked_of === "host" || !isLive() ? null : button(texts.toHost, "fa-paper-plane", () => give("send_to_host")), button(texts.done, "fa-check", () => give("done"))));
  }
  return made;
}

function questions() {
  const open = state.questions.filter((one) => !one.done_at);
  put(node("questions"), JSON.stringify([isLive(), open.map((one) => [one.id, one.version])]), () => (open.length ? open.map(question) : [el("li", { class: "quiet none" }, texts.noQuestions)]));
  node("questions-count").textContent = open.length || "";
}

function log() {
  put(node("log"), JSON.stringify([isLive(), (state.actions || []).map((one) => [one.id, one.outcome, one.can_undo])]), () => state.actions.map((one) => {
    const made = el("li", { "data-outcome": one.outcome }, el("span", { class: "quiet num" }, hour(one.at, { second: "2-digit" })), " ", el("span", {}, one.said), " ", el("small", { class: "quiet" }, one.by));
    if (one.outcome !== "done") made.append(" ", el("span", { class: `badge badge-${one.tone}` }, one.word));
    if (one.can_undo && isLive()) made.append(button(texts.undo, "fa-rotate-left", () => command("undo", { action: one.id }), { tone: "btn-quiet" }));
    return made;
  }));
}

const undoLast = () => { const one = (state.actions || []).find((action) => action.can_undo); if (one && isLive()) command("undo", { action: one.id }); };

/* --- figures and the chart --- */

const SHOWN = ["viewers", "newcomers", "comments", "likes", "shares", "follows", "clicks", "carts", "orders", "gmv"];
const past = []; // what the chart draws: a point a minute of what was before this page, then one in five seconds
const before = document.querySelector("#chart-live [data-figure]");
const begun = before && JSON.parse(before.textContent); // the lines as the server began them
if (begun) {
  const [viewers, talk, orders] = begun.data;
  viewers.x.forEach((x, at) => past.push({ x, viewers: viewers.y[at], comments: talk.y[at], orders: orders.y[at] }));
}

function figures() {
  const told = frame?.figures;
  node("figures").hidden = node("strip").hidden = !told;
  node("no-figures").hidden = Boolean(told);
  if (!told) return;
  const { goals } = state.session;
  for (const name of SHOWN) {
    const cell = box.querySelector(`[data-figure-of="${name}"]`);
    const minute = ["comments", "likes", "shares", "follows"].includes(name);
    const value = minute ? told.per_minute?.[name] ?? 0 : told[name] ?? 0;
    cell.querySelector("b").textContent = name === "gmv" ? money(value) : value.toLocaleString();
    const goal = goals[name];
    cell.querySelector("small").textContent = goal ? fill("ofGoal", { n: Math.round((value / goal) * 100) }) : minute ? String((told[name] ?? 0).toLocaleString()) : "";
  }
}

/** By which way viewers came: what hints about traffic lead to. */
function sources() {
  const table = node("sources");
  const found = frame?.sources || [];
  table.hidden = !found.length;
  const all = found.reduce((sum, one) => sum + one.joins, 0);
  put(table.tBodies[0], JSON.stringify(found), () => found.map((one) => el("tr", {},
    el("th", { scope: "row" }, texts[`source_${one.source}`] || one.source || texts.notTold), el("td", {}, `${one.joins.toLocaleString()}${all ? ` · ${Math.round((one.joins / all) * 100)} %` : ""}`),
    ...[one.lately, one.clicks, one.orders].map((n) => el("td", {}, n.toLocaleString())), el("td", {}, one.joins ? `${((one.orders / one.joins) * 100).toFixed(1)} %` : "–"))));
}

let painting = false;
onFrame((next, late) => {
  if (late) return;
  frame = next;
  if (painting) return;
  painting = true;
  requestAnimationFrame(() => { painting = false; figures(); sources(); sold(); });
});

async function chart() {
  const told = frame?.figures;
  const plot = document.querySelector("#chart-live [data-plot]");
  if (!told || !plot || document.hidden) return;
  past.push({ x: new Date(now() + begun.layout.meta.offset * 60000).toISOString().slice(0, -1), viewers: told.viewers, comments: told.per_minute?.comments ?? 0, orders: told.per_minute?.orders ?? 0 });
  if (past.length > 720) past.shift();
  if (!window.Plotly || !plot.dataset.wired || past.length < 2) return;
  const { redraw } = await import(box.dataset.charts);
  const x = past.map((one) => one.x);
  redraw(plot, ["viewers", "comments", "orders"].map((name, at) => ({ ...begun.data[at], x, y: past.map((one) => one[name]) })), begun.layout);
}
/* What draws is read by the browser while the desk has nothing else to do, before the first figures come; and it draws in an idle
   moment: comments that come in meanwhile wait for neither. */
const idle = (fn, late) => (window.requestIdleCallback || setTimeout)(fn, window.requestIdleCallback ? { timeout: late } : 1);
if (begun) idle(async () => (await import(box.dataset.charts)).plotly(), 5000);
setInterval(() => idle(chart, 4000), 5000);

/* --- keys --- */

const move = (by) => {
  const at = state.items.findIndex((one) => one.id === chosen);
  const next = state.items[Math.max(0, Math.min(state.items.length - 1, at + by))];
  if (next) choose(next.id);
};
/** The buttons of what stands in a list, from the first on; again those of the next one. Arrows go along them, Enter presses. */
function reach(rows) {
  const found = rows.filter((one) => one.querySelector("button:not(:disabled)"));
  const at = found.findIndex((one) => one.contains(document.activeElement));
  const next = found[at + 1] || found[0];
  next?.scrollIntoView({ block: "nearest" });
  next?.querySelector("button:not(:disabled)").focus();
}
const within = (name) => [...(node(name)?.children || [])].filter((one) => !one.hidden);

function reachComment() { // the newest one, then the one before it
  const rows = within("comments").filter((one) => one.dataset.comment);
  const at = rows.findIndex((one) => one.classList.contains("chosen"));
  const next = at > 0 ? rows[at - 1] : rows[rows.length - 1];
  if (next && !next.classList.contains("chosen")) next.click();
  next?.scrollIntoView({ block: "nearest" });
  next?.querySelector("button")?.focus();
}

function along(event) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const row = by && event.target.closest("[data-comments] li, [data-questions] li, [data-hints] li, [data-offers] li, [data-games] article");
  if (!row) return false;
  const all = [...row.querySelectorAll("button:not(:disabled)")];
  all[(all.indexOf(event.target) + by + all.length) % all.length]?.focus();
  return true;
}

const call = (kind) => () => box.querySelector(`[data-call="${kind}"]`).click();
const ofChosen = (verb) => { const one = item(chosen); if (one && isLive()) command(verb, { item: one.id, version: one.version }); };
const KEYS = {
  ArrowDown: () => move(1), ArrowUp: () => move(-1), j: () => move(1), k: () => move(-1), p: () => ofChosen("pin"), n: goOn, u: undoLast,
  l: () => { const one = item(chosen); if (one) ofChosen(["planned", "delisted"].includes(one.state) ? "list" : "delist"); },
  s: () => { const one = item(chosen); if (one) ofChosen(one.state === "suspended" ? "resume" : "suspend"); },
  o: newOffer, r: reprice, m: () => form.text.focus(), t: () => node("say").text.focus(), f: () => node("comment-search").focus(), " ": () => node("comment-pause").click(),
  c: reachComment, q: () => reach(within("questions")), h: () => reach(within("hints")), w: () => reach(within("offers")), g: () => reach(within("games")),
  x: () => { if (state.notice) command("take_notice"); }, b: () => node("now").querySelector(".keep input")?.click(), "-": call("slow_down"), "+": call("speed_up"), "=": call("speed_up"),
  e: () => [node("begin"), node("end")].find((one) => one && !one.hidden)?.click(), "?": () => node("keys").showModal(), ...GAME_KEYS,
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.key.length === 1) return;
  if (event.target.closest("input, textarea, select, dialog, button, a")) { if (event.key === "Escape") event.target.blur(); if (event.target.closest("input, textarea, select, dialog") || event.key === " ") return; }
  if (along(event)) { event.preventDefault(); event.stopImmediatePropagation(); return; }
  if (event.shiftKey && /^Digit[1-9]$/.test(event.code)) { event.preventDefault(); event.stopImmediatePropagation(); preset(Number(event.code.slice(5))); return; }
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act) { event.preventDefault(); event.stopImmediatePropagation(); act(); } // the panel's own keys mean other things
}, true);
node("keys-open").addEventListener("click", () => node("keys").showModal());
presses(node("begin"), () => command("begin"));
node("end")?.addEventListener("click", () => { node("end-sure").showModal(); });
node("end-sure")?.addEventListener("close", () => { if (node("end-sure").returnValue === "yes") command("end"); });

function head() {
  const { state: is, word } = state.session;
  const badge = node("state-badge");
  badge.textContent = word;
  badge.className = `badge badge-${is === "live" ? "danger" : is === "ready" ? "info" : is === "ended" ? "success" : "neutral"}`;
  node("begin").hidden = is !== "ready";
  node("end").hidden = is !== "live";
  if (is !== "live" && node("end-sure").open) node("end-sure").close("no"); // a colleague was faster
  node("not-ready").hidden = is !== "draft";
  node("report").hidden = is !== "ended";
}

wire(() => chosen);
team();
comments((one) => !isLive() ? moderation(one) : [
  button(texts.toHost, "fa-paper-plane", () => command("ask", { text: one.text, asker: one.name || "", viewer: one.viewer || "", comment: one.id, to: "host" })),
  button(texts.toService, "fa-headset", () => command("ask", { text: one.text, asker: one.name || "", viewer: one.viewer || "", comment: one.id, to: "service" })),
  ...moderation(one),
]);
onState(() => { if (state.frame && state.frame.at >= (frame?.at || "")) frame = state.frame; head(); items(); now_(); notice(); questions(); log(); figures(); sources(); sold(); });
begin();
