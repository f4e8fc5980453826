/* Offers on the three consoles: what runs, what is left of it and for how long, by the clock of the server; on the control
   desk also the presets, and one form that says in one sentence what will happen before it does. */
import { box, button, clock, command, el, fill, hour, icon, money, node, now, onFrame, onState, onTick, pinned, put, state, texts } from "./console.js";

const isControl = box.dataset.post === "control";
const isService = box.dataset.post === "service";
const fresh = new Map(); // what frames told since the state was read
const counted = (one) => ({ ...one, ...fresh.get(one.id) });
const item = (id) => state.items.find((one) => one.id === id);
const count = (value) => Number(value || 0).toLocaleString();

/** What is left of an offer: coupons that can be given out, pieces, orders. */
export function left(one) {
  const { kind, quantity, claimed, pieces, orders } = counted(one);
  if (typeof quantity !== "number") return null;
  return Math.max(0, quantity - ({ coupon: claimed, flash: pieces, first: orders }[kind] || 0));
}

export function phase(one) {
  if (one.state !== "running" || state.session.state !== "live") return "stopped";
  if (one.ends_at && Date.parse(one.ends_at) <= now()) return "over";
  return left(one) === 0 ? "gone" : "running";
}

/** The lowest price that runs for an item, and what it is instead of. */
export function priceOf(one) {
  const running = (state.offers || []).filter((offer) => offer.item === one.id && offer.price_text && phase(offer) === "running");
  const best = running[running.length - 1];
  return best ? { text: best.price_text, was: one.price_text || best.was_text } : { text: one.price_text, was: "" };
}

export function priceTag(one) {
  const { text, was } = priceOf(one);
  return [text, was && was !== text ? el("s", { class: "was" }, was) : ""];
}

export const priceMark = (one) => (one ? Object.values(priceOf(one)).join("|") : "");

/* --- the hours of the session, on the control desk --- */

export function hours() {
  const table = node("hours");
  if (!table) return;
  table.hidden = !state.hours?.length;
  put(table.tBodies[0], JSON.stringify(state.hours || []), () => (state.hours || []).map((one) => el("tr", {},
    el("th", { scope: "row" }, hour(one.at)), el("td", {}, money(one.gmv)), el("td", {}, count(one.viewers)), el("td", {}, count(one.orders)),
    el("td", {}, one.viewers ? `${((one.orders / one.viewers) * 100).toFixed(1)} %` : "–"))));
}

/* --- the list --- */

function told(one) {
  const { claimed, used, orders, pieces } = counted(one);
  const rest = left(one);
  if (one.kind === "coupon") return fill("offerCoupons", { left: count(rest), claimed: count(claimed), used: count(used) });
  return fill(one.kind === "flash" ? "offerPieces" : "offerOrders", { left: count(rest), all: count(one.quantity), orders: count(orders), pieces: count(pieces) });
}

function line(one) {
  const made = el("li", { class: "offer", "data-offer": one.id, "data-kind": one.kind, "data-phase": phase(one) },
    el("span", { class: `badge badge-${one.tone}` }, one.word), el("b", {}, one.said || one.name), el("span", { class: "offer-time", "data-offer-time": true }));
  if (isControl && state.may_offer && phase(one) === "running") made.append(button(texts.offerStop, "fa-stop", () => command("stop_offer", { offer: one.id }), { tone: "btn-quiet" }));
  else if (isService && one.kind === "coupon" && phase(one) === "running") made.append(button(texts.offerGive, "fa-ticket", () => command("give_coupon", { offer: one.id })));
  else made.append(el("span", {}));
  const bar = el("i", {});
  made.append(el("span", { class: "offer-left num", "data-offer-left": true }), el("span", { class: "offer-bar" }, bar));
  return made;
}

function free() { // whoever won a free order gets his money back by one press
  if (!isControl) return [];
  return (state.games || []).filter((game) => game.kind === "free" && game.state === "done").flatMap((game) => game.winners.map((one) => {
    const made = el("li", { class: "offer", "data-kind": "free", "data-phase": one.state === "sent" ? "over" : "running" }, el("span", { class: "badge badge-progress" }, game.word), el("b", {}, one.name), el("span", { class: `badge badge-${one.tone}` }, one.state === "sent" ? texts.offerPaid : one.word));
    if (one.state !== "sent" && one.order) made.append(button(texts.offerRefund, "fa-hand-holding-dollar", () => sure(one), { tone: "btn-primary" }));
    return made;
  }));
}

function list() {
  const shown = (state.offers || []).filter((one) => isControl || phase(one) === "running").reverse();
  shown.sort((a, b) => (phase(b) === "running") - (phase(a) === "running"));
  const most = shown.slice(0, isControl ? 6 : 4);
  const wins = (state.games || []).filter((game) => game.kind === "free").map((game) => [game.id, game.state, game.winners]);
  put(node("offers"), JSON.stringify([most.map((one) => [one.id, one.said, phase(one)]), wins]), () => [...free(), ...most.map(line)]);
  figures();
}

function figures() {
  for (const one of state.offers || []) {
    const row = box.querySelector(`[data-offer="${one.id}"]`);
    if (!row) continue;
    const is = phase(one);
    const rest = one.ends_at ? (Date.parse(one.ends_at) - now()) / 1000 : null;
    row.querySelector("[data-offer-left]").textContent = told(one);
    row.querySelector("[data-offer-time]").textContent = is === "running" ? (rest === null ? "" : clock(Math.ceil(rest))) : texts[{ over: "offerOver", gone: "offerGone", stopped: "offerStopped" }[is]];
    row.toggleAttribute("data-soon", is === "running" && rest !== null && rest < 30);
    row.querySelector(".offer-bar i").style.inlineSize = `${one.quantity ? (left(one) / one.quantity) * 100 : 0}%`;
  }
}

let painting = false;
onFrame((frame, late) => {
  if (late) return;
  for (const one of frame.offers || []) fresh.set(one.id, one);
  if (painting || !frame.offers?.length) return;
  painting = true;
  requestAnimationFrame(() => { painting = false; list(); });
});
onState(() => { fresh.clear(); list(); desk(); hours(); });
onTick(list);

/* --- the desk: presets, and the form --- */

let chosenItem = () => pinned()?.id ?? null;
let doing = null; // what the form is about: an offer, the price of an item, or a winner
const dialog = isControl ? node("offer-dialog") : null;
const form = isControl ? node("offer-form") : null;
const FIELDS = {
  coupon: ["kind", "item", "amount", "percent", "least", "quantity", "per_person", "minutes"], flash: ["kind", "item", "price", "percent", "quantity", "per_person", "minutes"],
  first: ["kind", "item", "price", "percent", "quantity", "per_person", "minutes"], free: ["kind", "quantity", "minutes"], price: ["item", "price"], refund: [],
};
const NUMBERS = ["percent", "quantity", "per_person", "minutes"];

export function wire(chosen) { // the desk says which line is chosen
  chosenItem = chosen;
  node("offer-open").addEventListener("click", () => open("coupon"));
  node("price-open").addEventListener("click", () => reprice());
  form.addEventListener("input", explain);
  form.kind.addEventListener("change", () => { doing.kind = form.kind.value; fields(); explain(); });
  dialog.addEventListener("close", () => { if (dialog.returnValue === "yes") go(); });
  form.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches("input")) { event.preventDefault(); if (!node("offer-go").disabled) dialog.close("yes"); } });
}

export function preset(number) {
  const one = (state.presets || [])[number - 1];
  if (one && state.session.state === "live") open(one.kind, one);
}

export const reprice = () => { if (ready() && goods().length) open("price"); };
export const newOffer = () => { if (ready()) open("coupon"); };
const ready = () => state.may_offer && state.session.state === "live";
const goods = () => state.items.filter((one) => one.kind !== "demo");

function desk() {
  if (!isControl) return;
  node("offers-pane").hidden = !state.may_offer && !(state.offers || []).length;
  for (const one of ["offer-open", "price-open"]) node(one).disabled = !ready();
  if (dialog.open && doing.kind !== "refund" && !ready()) dialog.close("no");
  if (dialog.open) explain(); // a colleague may have given it another price: what is said holds for now
  put(node("presets"), JSON.stringify([state.presets, ready()]), () => (state.presets || []).map((one, at) => {
    const made = button(one.name, { coupon: "fa-ticket", flash: "fa-bolt", first: "fa-medal", free: "fa-gift" }[one.kind], () => preset(at + 1), { title: at < 9 ? `${one.name} (⇧${at + 1})` : one.name });
    made.disabled = !ready();
    if (at < 9) made.append(" ", el("kbd", {}, `⇧${at + 1}`));
    return made;
  }));
}

function open(kind, values = {}) {
  if (!ready()) return;
  doing = { kind, name: values.name || "" };
  form.reset();
  form.kind.value = kind;
  form.item.replaceChildren(...(kind === "price" ? [] : [el("option", { value: "" }, texts.offerAll)]), ...goods().map((one) => el("option", { value: one.id }, `${one.position} ${one.title}${one.price_text ? ` · ${one.price_text}` : ""}`)));
  const wanted = values.of_item === false ? "" : chosenItem() ?? pinned()?.id ?? "";
  form.item.value = goods().some((one) => one.id === wanted) ? wanted : kind === "coupon" ? "" : goods()[0]?.id ?? "";
  for (const name of ["price", "amount", "least", ...NUMBERS]) if (values[name] != null) form[name].value = values[name];
  fields();
  explain();
  dialog.returnValue = "";
  dialog.showModal();
  (kind === "price" ? form.price : values.name ? node("offer-go") : form.kind).focus();
}

function sure(winner) {
  doing = { kind: "refund", winner };
  fields();
  explain();
  dialog.returnValue = "";
  dialog.showModal();
  node("offer-go").focus();
}

function fields() {
  const shown = FIELDS[doing.kind];
  for (const field of form.querySelectorAll("[data-field]")) field.hidden = !shown.includes(field.dataset.field);
  if (doing.kind !== "coupon" && form.item.options[0]?.value === "" && !form.item.value) form.item.value = goods()[0]?.id ?? "";
  node("quantity-label").textContent = texts[{ flash: "offerHowManyPieces", first: "offerHowManyOrders", free: "offerHowManyWinners" }[doing.kind] || "offerHowMany"];
  node("offer-title").textContent = doing.kind === "price" ? texts.offerPrice : doing.kind === "refund" ? texts.offerRefund : doing.name || texts.offerNew;
  node("offer-go").textContent = texts[{ price: "offerGoPrice", refund: "offerRefund" }[doing.kind] || "offerGo"];
}

const minor = (text) => Math.round(Number(String(text).replace(",", ".")) * 10 ** state.session.exponent);

/** What will happen, in one sentence; an empty answer says what is missing. */
function consequence() {
  const value = (name) => (form[name] ? form[name].value.trim() : "");
  const one = item(Number(value("item")));
  const [n, person, minutes, percent] = [value("quantity"), value("per_person"), value("minutes"), value("percent")];
  const typed = doing.kind === "coupon" ? value("amount") : value("price");
  const isOne = Boolean(typed) !== Boolean(percent) && (!typed || minor(typed) > 0);
  const each = person ? fill("offerEach", { n: person }) : "";
  const time = minutes ? fill("offerFor", { n: minutes }) : texts.offerToEnd;
  if (doing.kind === "refund") return fill("offerRefundTold", { name: doing.winner.name });
  if (doing.kind === "free") return n && minutes ? fill("offerFreeTold", { n, minutes }) : "";
  if (doing.kind === "price") return one && typed && minor(typed) > 0 ? fill("offerPriceTold", { item: one.title, price: money(minor(typed)), was: one.price_text || "–" }) : "";
  if (!isOne || !n) return "";
  if (doing.kind === "coupon") {
    const worth = typed ? fill("offerOff", { n: money(minor(typed)) }) : fill("offerOff", { n: `${percent} %` });
    return fill("offerCouponTold", { n, worth, least: value("least") ? fill("offerLeast", { n: money(minor(value("least"))) }) : "", goods: one ? one.title : texts.offerAll, time, each });
  }
  if (!one || (doing.kind === "flash" && !minutes)) return "";
  const price = typed ? minor(typed) : one.price ? Math.floor(one.price * (100 - percent) / 100) : null;
  const stock = typeof one.stock === "number" && Number(n) > one.stock ? ` ${one.stock ? fill("offerStock", { n: one.stock }) : texts.offerNone}` : "";
  return fill(doing.kind === "flash" ? "offerFlashTold" : "offerFirstTold", { n, item: one.title, price: price ? money(price) : `−${percent} %`, was: one.price_text || "–", time, each }) + stock;
}

function explain() {
  const said = consequence();
  doing.version = item(Number(form.item.value))?.version; // on what he has read
  const listed = !["flash", "first"].includes(doing.kind) || item(Number(form.item.value))?.state === "listed";
  node("offer-told").textContent = listed ? said || texts.offerMissing : texts.offerList;
  node("offer-told").dataset.tone = listed && said ? "" : "bad";
  node("offer-go").disabled = !said || !listed;
}

function go() {
  const number = (name) => Number(form[name].value) || null;
  const one = item(Number(form.item.value));
  if (doing.kind === "refund") return command("refund_winner", { winner: doing.winner.id, version: doing.winner.version });
  if (doing.kind === "price") return command("price", { item: one.id, price: form.price.value, version: doing.version });
  if (doing.kind === "free") return command("free_order", { name: doing.name, quantity: number("quantity"), minutes: number("minutes") });
  const told = { kind: doing.kind, name: doing.name, item: one?.id ?? null };
  for (const name of FIELDS[doing.kind]) {
    if (NUMBERS.includes(name)) told[name] = number(name);
    else if (["price", "amount", "least"].includes(name)) told[name] = form[name].value.trim();
  }
  return command("offer", told);
}
