/* Games on the three consoles: what is open with its bars and the time left by the server's clock, results, and on the
   control desk the form that begins one. Also who is silenced, and comments that are off the screens. */
import { box, button, clock, command, el, fill, icon, node, now, onFrame, onState, onTick, put, state, texts } from "./console.js";

const KINDS = ["poll", "lottery", "bag", "quiz"];
const live = new Map(); // what frames told since the state was read: game → figures
const figures = (game) => (game.state === "open" && live.get(game.id)) || game;
const isControl = box.dataset.post === "control";
const isHost = box.dataset.post === "host";
const isRunning = (game) => ["planned", "open", "closed"].includes(game.state);

function bars(game) {
  const { counted } = figures(game);
  const all = Math.max(1, ...Object.values(counted || {}));
  const sum = Math.max(1, Object.values(counted || {}).reduce((one, other) => one + other, 0));
  return el("ul", { class: "game-bars" }, ...game.choices.map((one) => {
    const votes = counted?.[one.word] || 0;
    const bar = el("i", {});
    bar.style.inlineSize = `${(votes / all) * 100}%`;
    return el("li", { class: game.answer && game.answer === one.word ? "right" : "" }, el("b", {}, one.word), el("span", { class: "game-label" }, one.label), el("span", { class: "game-bar" }, bar),
      el("span", { class: "num" }, `${votes.toLocaleString()} · ${Math.round((votes / sum) * 100)} %`));
  }));
}

function condition(game) {
  return [game.condition, game.keyword && `“${game.keyword}”`].filter(Boolean).join(" ");
}

function acts(game) {
  const give = (verb) => command(verb, { game: game.id, version: game.version });
  const made = [];
  if (!isControl) return made;
  if (game.state === "planned" && state.session.state === "live") made.push(button(texts.gameOpen, "fa-play", () => give("open_game")));
  if (game.state === "open" && game.kind === "poll") made.push(button(texts.gameClose, "fa-stop", () => give("close_game")));
  if (game.state === "closed") made.push(button(`${texts.gameDraw} (D)`, "fa-trophy", () => give("draw"), { tone: "btn-primary" }));
  if (isRunning(game)) made.push(button(texts.gameOff, "fa-ban", () => give("call_off"), { tone: "btn-quiet" }));
  return made;
}

function winner(game, one) {
  const made = el("li", {}, el("b", {}, one.name), " ");
  if (isHost) return made;
  made.append(el("span", { class: `badge badge-${one.tone}` }, one.word), " ", el("small", { class: "quiet" }, [one.coupon, one.note].filter(Boolean).join(" · ")));
  const give = (to) => command("prize", { winner: one.id, version: one.version, to });
  if (one.state === "won") made.append(button(texts.gameClaimed, "fa-hand", () => give("claimed"), { tone: "btn-quiet" }));
  if (one.state !== "sent") made.append(button(texts.gameSent, "fa-paper-plane", () => give("sent"), { tone: "btn-quiet" }));
  return made;
}

function told(game) {
  const { taken_part: n } = figures(game);
  if (game.state === "planned") return game.opens_at ? "" : fill("gameAfter", { n: clock(game.opens_after || 0) });
  if (game.kind === "poll" || game.state === "open") return fill("gameTaken", { n: (n || 0).toLocaleString() });
  return fill("gameIn", { n: (game.in_the_draw || 0).toLocaleString() });
}

function card(game) {
  const head = el("div", { class: "game-head" }, el("span", { class: `badge badge-${game.tone}` }, game.word), el("b", { class: "game-prompt" }, game.prompt), el("span", { class: "game-time num", "data-game-time": game.id }));
  const line = [game.kind === "poll" ? "" : [game.prize, game.wanted > 1 ? `× ${game.wanted}` : ""].filter(Boolean).join(" "), game.choices.length ? "" : condition(game)].filter(Boolean).join(" · ");
  const made = el("article", { class: `game game-${game.state}`, "data-kind": game.kind, "data-id": game.id }, head,
    el("p", { class: "game-told" }, line ? `${line} · ` : "", el("span", { class: "num", "data-game-told": game.id }, told(game))));
  if (game.choices.length && game.state !== "planned" && game.state !== "cancelled") made.append(bars(game));
  if (game.state === "planned" && game.choices.length) made.append(el("p", { class: "quiet small" }, game.choices.map((one) => `${one.word} ${one.label}`).join(" · ")));
  if (game.kind === "quiz" && game.answer && game.state === "open") made.append(el("p", { class: "game-secret" }, icon("fa-eye-slash"), " ", fill("gameAnswer", { n: game.answer })));
  if (game.state === "done" && game.kind !== "poll") made.append(game.winners.length ? el("ul", { class: "game-winners" }, ...game.winners.map((one) => winner(game, one))) : el("p", { class: "quiet" }, texts.gameNobody));
  if (isControl && game.hash) {
    const proof = el("details", { class: "game-proof" }, el("summary", {}, texts.gameProof), el("p", {}, `${texts.gameHash} `, el("code", {}, game.hash)));
    if (game.seed) proof.append(el("p", {}, `${texts.gameSeed} `, el("code", {}, game.seed)));
    made.append(proof);
  }
  const foot = el("div", { class: "acts" }, ...acts(game));
  if (!isHost && !isRunning(game) && game.state !== "cancelled") foot.append(el("a", { class: "small", href: box.dataset.game.replace(/0$/, game.id), target: "_blank" }, game.kind === "poll" ? texts.gameRows : texts.gameCheck));
  if (foot.childNodes.length) made.append(foot);
  return made;
}

/** What stands on top: all that runs; on the control desk also the three newest results, on the service desk prizes that wait. */
function shown() {
  const running = state.games.filter(isRunning);
  const over = state.games.filter((game) => game.state === "done");
  if (isControl) return [...running, ...over.slice(0, 3)];
  if (isHost) return [...running, ...over.slice(0, 1)];
  const recent = (game) => now() - Date.parse(game.drawn_at || game.closes_at) < 120000;
  return [...running, ...over.filter((game) => recent(game) || game.winners.some((one) => one.state !== "sent"))];
}

function draw() {
  for (const id of live.keys()) if (!state.games.some((game) => game.id === id && game.state === "open")) live.delete(id);
  const some = shown();
  put(node("games"), JSON.stringify([state.session.state, some.map((game) => [game.id, game.version, game.state, figures(game).taken_part, figures(game).counted, game.winners])]), () => some.map(card));
}

onState(() => { draw(); silenced(); });
onFrame((frame) => {
  if (!frame.games?.length) return;
  for (const one of frame.games) live.set(one.id, one);
  requestAnimationFrame(draw);
});
onTick(() => {
  for (const cell of box.querySelectorAll("[data-game-time]")) {
    const game = state.games.find((one) => one.id === Number(cell.dataset.gameTime));
    if (!game) continue;
    const left = (Date.parse(game.state === "planned" ? game.opens_at : game.closes_at) - now()) / 1000;
    cell.textContent = game.state === "open" ? (left > 0 ? clock(Math.ceil(left)) : texts.gameCounting) : game.state === "planned" ? (game.opens_at ? fill("gameOpensIn", { n: clock(Math.max(0, Math.ceil(left))) }) : game.state_word) : game.state === "closed" ? game.state_word : "";
    cell.dataset.tone = game.state === "open" && left < 10 ? "bad" : "";
  }
});

/* --- who is silenced --- */

function silenced() {
  const drawer = node("silenced");
  if (!drawer || !state.muted) return;
  drawer.hidden = !state.muted.length;
  node("silenced-count").textContent = state.muted.length || "";
  put(node("silenced-list"), JSON.stringify(state.muted), () => state.muted.map((one) => el("li", {}, el("span", {}, one.name), one.everywhere ? el("span", { class: "badge badge-danger" }, texts.everywhere) : null,
    button(texts.unmute, "fa-volume-high", () => command("unmute", { mute: one.id }), { tone: "btn-quiet" }))));
}

/** What a moderator can do with a comment; `hide` is for all, the others need to know who wrote it. */
export function moderation(one) {
  const who = { viewer: one.viewer || "", name: one.name || "" };
  return [
    button(texts.hide, "fa-eye-slash", () => command("hide", { comment: one.id }), { tone: "btn-quiet" }),
    ...(one.viewer ? [button(texts.mute, "fa-volume-xmark", () => command("mute", who), { tone: "btn-quiet" }), button(texts.block, "fa-user-slash", () => command("block", who), { tone: "btn-quiet" })] : []),
  ];
}

/* --- the form that begins one --- */

const dialog = node("game-dialog");
const form = node("game-form");
const field = (name) => form.elements[name];

function prepare(kind) {
  const last = state.games.find((game) => game.kind === kind);
  const standard = texts[`preset_${kind}`].split("|"); // prompt, choices, answer, keyword, prize
  field("kind").value = kind;
  node("game-title").textContent = box.querySelector(`[data-preset="${kind}"]`).firstElementChild.nextSibling.textContent.trim();
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(kind);
  field("prompt").value = last?.prompt || standard[0];
  field("choices").value = last?.choices.length ? last.choices.map((one) => `${one.word} ${one.label}`.trim()).join("\n") : standard[1].split(";").join("\n");
  field("answer").value = "";
  field("keyword").value = last?.keyword || standard[3];
  field("prize").value = last?.prize || standard[4];
  field("winners").value = last?.wanted || { lottery: 3, bag: 5, quiz: 1 }[kind] || 1;
  field("seconds").value = last?.seconds || { poll: 30, lottery: 60, bag: 300, quiz: 60 }[kind];
  field("condition").value = kind === "lottery" ? "keyword" : "comment";
  field("opens_in").value = 0;
  field("draws_itself").checked = kind === "bag";
  field("host_sees_answer").checked = false;
  for (const one of form.querySelectorAll("[data-when]")) one.hidden = one.dataset.when !== (state.session.state === "live" ? "live" : "ready");
  wrong("");
  opened += 1;
  keyword();
  dialog.showModal();
  (kind === "quiz" ? field("prompt") : node("game-start")).focus();
}

function keyword() { node("keyword", form).hidden = !["lottery", "bag"].includes(field("kind").value) || field("condition").value !== "keyword"; }

/** "1 suits me" → ["1", "suits me"]; a line is one choice. */
const choices = () => field("choices").value.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => { const [word, ...rest] = line.split(/[\s　]+/); return [word, rest.join(" ")]; });

/** What does not fit is said with the name of its field, and the cursor stands there. */
function wrong(text, fields = {}) {
  const names = { opens_after: "opens_in" };
  for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
  const found = Object.keys(fields).map((name) => field(names[name] || name)).filter((one) => one?.id && !one.closest("[hidden]"));
  for (const one of found) one.setAttribute("aria-invalid", "true");
  const label = found[0] && form.querySelector(`label[for="${found[0].id}"]`)?.innerText.trim();
  node("game-wrong").textContent = label ? `${label}: ${fields[found[0].name] ?? text}` : text;
  found[0]?.focus();
}

let opened = 0; // how often the form was; what was sent from an earlier one leaves this one alone

async function start(event) {
  event.preventDefault();
  const mine = opened;
  const kind = field("kind").value;
  const isAsked = kind === "poll" || kind === "quiz";
  const minutes = Math.round(Number(field("opens_in").value || 0) * 60);
  const values = {
    kind, prompt: field("prompt").value, seconds: Math.round(Number(field("seconds").value)) || 0, choices: isAsked ? choices() : [], answer: kind === "quiz" ? field("answer").value : "",
    condition: isAsked ? "choice" : field("condition").value, keyword: isAsked || field("condition").value !== "keyword" ? "" : field("keyword").value,
    prize: kind === "poll" ? "" : field("prize").value, winners: kind === "poll" ? 0 : Math.round(Number(field("winners").value)) || 0, batch: kind === "poll" ? null : Number(field("batch")?.value) || null,
    draws_itself: kind !== "poll" && field("draws_itself").checked, host_sees_answer: kind === "quiz" && field("host_sees_answer").checked,
    ...(state.session.state === "live" ? { opens_in: minutes } : { opens_after: minutes }),
  };
  node("game-start").disabled = true;
  const done = await command("game", values, { wrong: (text, fields) => { if (mine === opened && dialog.open) wrong(text, fields); } });
  node("game-start").disabled = false;
  if (done && mine === opened) dialog.close();
}

if (form) {
  form.addEventListener("submit", start);
  field("condition").addEventListener("change", keyword);
  node("game-cancel").addEventListener("click", () => dialog.close());
  for (const one of box.querySelectorAll("[data-preset]")) one.addEventListener("click", () => prepare(one.dataset.preset));
  onState(() => {
    const isOff = !["ready", "live"].includes(state.session.state);
    for (const one of box.querySelectorAll("[data-preset]")) one.disabled = isOff;
    if (isOff && dialog.open) dialog.close();
  });
}

/** The keys of the control desk: 1 to 4 begin a game, D draws the oldest that waits for it. */
export const GAME_KEYS = {
  ...Object.fromEntries(KINDS.map((kind, at) => [String(at + 1), () => box.querySelector(`[data-preset="${kind}"]`)?.click()])),
  d: () => { const game = state.games.filter((one) => one.state === "closed").pop(); if (game) command("draw", { game: game.id, version: game.version }); },
};
