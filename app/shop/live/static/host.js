/* The prompter: the card on screen large, what comes next, the time, questions, calls. It keeps the screen awake. */
import { priceMark, priceTag } from "./offers.js";
import { begin, box, button, clock, command, el, fill, following, icon, node, now, onState, onTick, pace, pinned, put, state, texts, words } from "./console.js";
import "./games.js";

const gone = (one) => (one.sold_out && one.kind !== "demo" ? el("p", { class: "sold-out" }, icon("fa-ban"), texts.soldOut) : "");
const isOver = () => state.session.state === "ended";

function card() {
  const up = pinned();
  put(node("now"), JSON.stringify([up?.id, up?.version, up?.sold_out, priceMark(up), isOver()]), () => {
    if (!up) return [el("p", { class: "quiet" }, isOver() ? state.session.word : texts.nothing)];
    return [
      el("h1", {}, up.title), gone(up), up.price_text || priceMark(up) !== "|" ? el("p", { class: "price num" }, ...priceTag(up)) : "", up.sku ? el("p", { class: "quiet" }, up.sku) : "",
      up.cue ? el("p", { class: "cue" }, up.cue) : "",
      el("ul", { class: "points" }, ...up.points.map((one) => el("li", {}, one)), ...up.materials.map((one) => el("li", { class: "material" }, one))),
      up.camera ? el("p", { class: "camera" }, `◉ ${up.camera}`) : "",
    ];
  });
  const next = isOver() ? null : following();
  box.querySelector(".card-next").hidden = box.querySelector(".time-left").hidden = isOver();
  put(node("next"), JSON.stringify([next?.id, next?.version, next?.sold_out, Boolean(up)]), () => (next
    ? [el("b", {}, next.title), gone(next), el("span", { class: "num" }, next.price_text), el("small", { class: "quiet" }, [fill("minutes", { n: next.minutes }), next.camera && `◉ ${next.camera}`].filter(Boolean).join(" · "))]
    : [el("span", { class: "quiet" }, texts.last)]));
}

function questions() {
  put(node("questions"), JSON.stringify(state.questions.map((one) => [one.id, one.version])), () => (state.questions.length
    ? state.questions.map((one) => el("li", { class: "question", "data-asked": one.asked_at },
      el("div", {}, el("b", {}, one.asker || texts.unnamed), " ", el("span", { class: "age num" })), el("p", {}, one.text),
      ...one.thread.map((said) => el("small", { class: "quiet" }, `${said.by}: ${said.text}`)),
      button(texts.done, "fa-check", () => command("done", { question: one.id, version: one.version }), { tone: "btn-primary" }),
      one.thread.length ? button(texts.giveBack, "fa-reply", () => command("give_back", { question: one.id, version: one.version, note: texts.inWriting })) : null))
    : [el("li", { class: "quiet none" }, texts.free)]));
}

function calls() { // what the control desk asks of the host; it stands until he has seen it
  const open = state.messages.filter((one) => !one.seen_at && one.post !== "host" && (one.kind !== "note" || one.mentions.includes("host")));
  put(node("calls"), open.map((one) => one.id).join(), () => open.slice(-3).map((one) => {
    const made = el("button", { type: "button", class: "call", "data-kind": one.kind }, el("b", {}, words(one)), el("small", {}, `${one.by} · ${texts.seen}`));
    made.addEventListener("click", () => command("seen", { message: one.id }, { quiet: true }));
    return made;
  }));
  const up = state.notice;
  node("notice").textContent = up?.text || "";
  node("notice").hidden = !up;
}

onState(() => { card(); questions(); calls(); });
onTick(() => {
  card();
  const up = pinned();
  const left = node("left");
  if (up) {
    const { shown, planned, left: rest } = pace(up);
    left.textContent = !planned ? clock(shown) : rest >= 0 ? clock(rest) : `+${clock(-rest)}`;
    left.dataset.tone = planned && rest < 0 ? "bad" : planned && shown > planned * 0.8 ? "warn" : "";
    node("pace").style.inlineSize = `${planned ? Math.min(100, (shown / planned) * 100) : 100}%`;
    node("next").classList.toggle("flash", planned > 0 && rest <= 0); // LVC-11: at the planned time the next one asks to be shown
  } else {
    left.textContent = "–";
    left.dataset.tone = "";
    node("pace").style.inlineSize = "0";
    node("next").classList.remove("flash");
  }
  const { state: is, ends_at, starts_at } = state.session;
  const end = (Date.parse(ends_at) - now()) / 1000;
  node("clock").textContent = is === "live" ? (end >= 0 ? fill("toEnd", { n: clock(end) }) : fill("late", { n: clock(-end) })) : is === "ended" ? "" : fill("toStart", { n: clock((Date.parse(starts_at) - now()) / 1000) });
});

let lock = null;
async function stayAwake() { // browsers allow it on https and on the machine itself only
  try { if (!lock && !document.hidden) { lock = await navigator.wakeLock?.request("screen"); lock?.addEventListener("release", () => { lock = null; }); } } catch { lock = null; }
}
document.addEventListener("visibilitychange", stayAwake);
document.addEventListener("click", stayAwake);
stayAwake();

document.addEventListener("keydown", (event) => { // a pedal or a presenter sends these
  if (event.key === "Enter" && event.target === document.body) box.querySelector(".call, .question .btn")?.click();
});
begin();
