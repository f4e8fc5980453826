/* Hints at the control desk: why, what to do, what helped before, and what came of those that were followed. */
import { button, clock, command, el, fill, isLive, node, onFrame, onState, onTick, put, refresh, seconds, state, texts } from "./console.js";

function acts(one) {
  if (!one.may || !isLive()) return [];
  return [
    ...one.ways.map((way) => button(way.label, "fa-wand-magic-sparkles", () => command("hint_apply", { hint: one.id, way: way.way }), { tone: "btn-primary" })),
    button(texts.follow, "fa-check", () => command("hint_follow", { hint: one.id })),
    button(texts.aside_, "fa-box-archive", () => command("hint_dismiss", { hint: one.id }), { tone: "btn-quiet" }),
  ];
}

function row(one) {
  const made = el("li", { class: "hint", "data-state": one.state });
  made.append(el("p", { class: "hint-head" }, el("span", { class: `badge badge-${one.tone}` }, one.kind), el("b", {}, one.item), el("span", { class: "quiet num", "data-hint-at": one.at }, "")));
  made.append(el("p", {}, one.advice), el("p", { class: "quiet small" }, one.reason));
  if (one.source && node("sources")) made.append(el("p", { class: "small" }, el("a", { href: "#sources" }, texts.toSources)));
  if (one.plays.length) {
    const book = el("details", { class: "small" }, el("summary", {}, fill("playbook", { n: one.plays.length })));
    for (const play of one.plays) book.append(el("p", {}, el("b", {}, play.title), " ", play.steps));
    made.append(book);
  }
  if (one.state === "followed") made.append(el("p", { class: "small" }, one.outcome || texts.outcomeLater));
  const doing = acts(one);
  if (doing.length) made.append(el("div", { class: "acts" }, ...doing));
  return made;
}

function hints() {
  const shown = state.hints || [];
  const pane = node("hints-pane");
  if (!pane) return;
  pane.hidden = !shown.length;
  node("hints-count").textContent = shown.filter((one) => one.state === "new").length || "";
  put(node("hints"), JSON.stringify([isLive(), shown]), () => shown.map(row));
  ages();
}

function ages() {
  for (const one of document.querySelectorAll("[data-hint-at]")) one.textContent = clock(seconds(one.dataset.hintAt));
}

onState(hints);
onTick(ages);
onFrame((told) => { if (told.hints?.length) refresh(); });
