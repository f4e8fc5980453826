/* The service desk: questions by age, the one that is answered with its suggestions, thread and orders, and the comments. */
import { priceMark, priceTag } from "./offers.js";
import { begin, box, button, command, comments, el, fill, icon, isLive, item, node, onState, onTick, pinned, put, state, submits, team, texts } from "./console.js";
import { moderation } from "./games.js";

let chosen = null;
const give = (verb, one, more = {}) => command(verb, { question: one.id, version: one.version, ...more });
const open = () => state.questions.filter((one) => !one.done_at);

/* --- what the questions and answers of the run sheet say --- */

function grams(text) {
  const clean = text.toLowerCase().replace(/[\s\p{P}\p{S}]+/gu, " ");
  const found = new Set();
  for (const word of clean.split(" ")) {
    if (/^[\x00-\x7f]+$/.test(word)) { if (word.length > 1) found.add(word); } else for (let at = 0; at < word.length - 1; at += 1) found.add(word.slice(at, at + 2));
  }
  return found;
}

function suggestions(one) { // by shared words, those of the item asked about or on screen first
  const asked = grams(one.text);
  const first = one.item ?? pinned()?.id;
  const known = state.items.flatMap((line) => line.faq.map(([question, answer]) => ({ question, answer, line })));
  return known.filter((entry) => entry.answer)
    .map((entry) => ({ ...entry, score: [...grams(entry.question)].filter((gram) => asked.has(gram)).length + (entry.line.id === first ? 0.5 : 0) }))
    .filter((entry) => entry.score >= 1).sort((a, b) => b.score - a.score)
    .filter((entry, at, all) => all.findIndex((other) => other.answer === entry.answer) === at).slice(0, 4); // one answer of many items is said once
}

/* --- the queue --- */

function queue() {
  const shown = [...open(), ...state.questions.filter((one) => one.done_at).reverse()];
  if (chosen === null || !shown.some((one) => one.id === chosen)) chosen = open()[0]?.id ?? null;
  put(node("questions"), JSON.stringify([shown.map((one) => [one.id, one.version]), chosen]), () => (shown.length ? shown.map((one) => {
    const made = el("li", { class: `question${one.id === chosen ? " chosen" : ""}${one.done_at ? " is-done" : ""}`, ...(one.done_at ? {} : { "data-asked": one.asked_at }), tabindex: "0" },
      el("div", {}, el("span", { class: "age num" }), el("b", {}, one.asker || texts.unnamed), " ", el("span", { class: `badge badge-${one.tone}` }, one.done_at ? one.word : one.asked_of === "service" ? one.word : fill("waits", { who: one.asked_of_word }))),
      el("p", {}, one.text));
    made.addEventListener("click", () => { chosen = one.id; queue(); detail(); });
    made.addEventListener("keydown", (event) => { if (event.key === "Enter") made.click(); });
    return made;
  }) : [el("li", { class: "quiet none" }, texts.noQuestions)]));
  node("questions-count").textContent = open().length || "";
}

/* --- the one that is answered --- */

function detail() {
  const one = state.questions.find((question) => question.id === chosen);
  const target = node("detail");
  const draft = target.querySelector("textarea");
  const typed = draft && target.dataset.of === String(chosen) ? draft.value : "";
  const isNew = put(target, JSON.stringify([one?.id, one?.version, state.session.state]), () => {
    if (!one) return [el("p", { class: "quiet none" }, texts.noQuestions)];
    const answer = el("textarea", { class: "form-control", rows: "3", maxlength: "2000", "aria-label": texts.answer, "data-answer": true });
    answer.value = typed || one.answer;
    const note = () => answer.value.trim();
    const parts = [
      el("div", { class: "asked", ...(one.done_at ? {} : { "data-asked": one.asked_at }) }, el("b", {}, one.asker || texts.unnamed), el("span", { class: "age num" }), el("p", {}, one.text)),
      ...(one.thread.length ? [el("ul", { class: "thread" }, ...one.thread.map((said) => el("li", {}, el("b", {}, said.by), ` ${said.text}`)))] : []),
    ];
    if (one.done_at) return [...parts, el("p", {}, one.answer || ""), button(texts.again, "fa-rotate-left", () => give("open_again", one))];
    const found = suggestions(one);
    return [
      ...parts, el("h3", {}, texts.suggested),
      el("ul", { class: "suggested" }, ...(found.length ? found.map((entry) => el("li", {}, el("small", { class: "quiet" }, `${entry.line.title} · ${entry.question}`), el("p", {}, entry.answer), button(texts.use, "fa-arrow-turn-down", () => { answer.value = entry.answer; answer.focus(); }))) : [el("li", { class: "quiet" }, texts.noSuggestion)])),
      answer,
      el("div", { class: "acts" },
        button(texts.answer, "fa-check", () => give("done", one, { answer: note() }), { tone: "btn-primary" }),
        button(texts.copy, "fa-copy", async () => { try { await navigator.clipboard.writeText(note()); } catch { answer.select(); document.execCommand("copy"); } }),
        ...(isLive() ? [
          button(texts.askHost, "fa-display", () => give("escalate", one, { to: "host", note: note() })),
          button(texts.askProduct, "fa-box-open", () => give("escalate", one, { to: "product", note: note() })),
        ] : []),
        ...(one.asked_of === "service" ? [] : [button(texts.giveBack, "fa-reply", () => give("give_back", one, { note: note() || texts.done }))])),
    ];
  });
  target.dataset.of = String(chosen);
  if (isNew) orders(one);
}

async function orders(one) {
  const target = node("orders");
  target.replaceChildren();
  if (!one) return;
  const answer = await fetch(box.dataset.asker.replace(/0$/, one.id), { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || chosen !== one.id) return;
  const told = await answer.json();
  if (told.customer) target.append(el("p", {}, el("a", { href: told.customer.url, target: "_blank" }, told.customer.name)));
  if (told.orders.length && !told.is_sure) target.append(el("p", { class: "quiet small" }, texts.notSure));
  if (!told.orders.length) target.append(el("p", { class: "quiet" }, texts.noOrders));
  for (const order of told.orders) {
    target.append(el("a", { class: "order", href: order.url, target: "_blank" }, el("b", {}, order.number), el("span", { class: `badge badge-${order.tone}` }, order.state), el("span", { class: "num" }, order.total), el("small", { class: "quiet" }, `${order.at} · ${order.goods}`)));
  }
}

/* --- the rest --- */

const form = node("ask");
submits(form, "ask", () => ({ text: form.text.value.trim(), asker: form.asker.value.trim(), item: pinned()?.id ?? null }), { empties: ["text", "asker"] });

function now() {
  const up = pinned();
  put(node("now"), JSON.stringify([up?.id, up?.version, up?.stock, priceMark(up), state.session.state]), () => (up
    ? [icon("fa-thumbtack"), el("b", {}, up.title), el("span", { class: "num" }, ...priceTag(up)), el("small", { class: "quiet" }, up.stock != null ? fill("stock", { n: up.stock }) : "")]
    : [el("span", { class: "quiet" }, state.session.state === "ended" ? state.session.word : texts.nothing)]));
  node("notice").textContent = state.notice ? `${state.notice.text}${item(state.notice.item) ? ` (${item(state.notice.item).title})` : ""}` : "";
  node("notice").hidden = !state.notice;
}

document.addEventListener("keydown", (event) => {
  const inside = event.target.closest("input, textarea, select");
  if (inside && event.key === "Enter" && (event.ctrlKey || event.metaKey)) { node("detail").querySelector(".btn-primary")?.click(); return; }
  if (inside || event.ctrlKey || event.metaKey || event.altKey) { if (event.key === "Escape") event.target.blur(); return; }
  const shown = open();
  const at = shown.findIndex((one) => one.id === chosen);
  const to = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1 }[event.key];
  if (to !== undefined && shown[to]) { chosen = shown[to].id; queue(); detail(); event.preventDefault(); }
  else if (event.key === "a") { node("detail").querySelector("textarea")?.focus(); event.preventDefault(); }
  else if (event.key === "q") { form.text.focus(); event.preventDefault(); }
});

team();
comments((one) => !isLive() ? moderation(one) : [
  button(texts.question, "fa-circle-question", () => command("ask", { text: one.text, asker: one.name || "", viewer: one.viewer || "", comment: one.id, item: one.item ?? null })),
  button(texts.toHost, "fa-paper-plane", () => command("ask", { text: one.text, asker: one.name || "", viewer: one.viewer || "", comment: one.id, to: "host" })),
  ...moderation(one),
]);
onState(() => { queue(); detail(); now(); form.hidden = !isLive(); });
onTick(now);
begin();
