/* The run sheet: lines are drawn with the mouse or moved with Alt and the arrow keys; figures are changed in place. */
const box = document.querySelector("[data-sheet]");
const { ask, el, icon, announce } = await import(box.dataset.dom);
const texts = JSON.parse(document.getElementById("sheet-texts").textContent);
let { rows, length } = JSON.parse(document.getElementById("sheet-rows").textContent);
const list = box.querySelector("[data-rows]");
const may = box.dataset.may === "1";
const fill = (key, values) => texts[key].replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

function say(text, bad = false) {
  const line = box.querySelector("[data-said]");
  line.textContent = text;
  line.classList.toggle("bad", bad);
  if (text) announce(text);
}

/* What stands in a field and is not saved ("line field" → { text, stood, version }: what stood there when it was begun) outlives
   that lines are drawn anew, and a refusal. */
const typed = new Map();
const underway = new Map();
let drawing = false;
let last = Promise.resolve(true);

/** One after the other: `body`, or what makes it then, for each is said of the lines as the one before has left them. */
function send(url, body, saved = () => {}) {
  last = last.then(async () => {
    try {
      const told = await ask(url, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(typeof body === "function" ? body() : body) });
      ({ rows, length } = told);
      say(texts.saved);
      saved();
      draw();
      return true;
    } catch (error) {
      say(error.message, true);
      draw();
      return false;
    }
  });
  return last;
}

const url = (path) => `${box.dataset.sheet}${path}`;

function field(row, name, label, more) {
  const input = el("input", { class: "form-control num", name, "aria-label": `${label}: ${row.title}`, autocomplete: "off", ...more });
  const key = `${row.id} ${name}`;
  input.value = typed.get(key)?.text ?? row[name] ?? "";
  input.disabled = !may;
  const known = () => rows.find(({ id }) => id === row.id) || row;
  const begun = () => ({ stood: known()[name], version: known().version });
  input.addEventListener("input", () => typed.set(key, { ...(typed.get(key) || begun()), text: input.value }));
  const save = () => {
    const mine = typed.get(key);
    if (drawing || !mine || mine === underway.get(key)) return;
    underway.set(key, mine);
    // changed by us in another field meanwhile, it is still the line that was seen; changed here by somebody else, it is not
    const version = () => (known()[name] === mine.stood ? known().version : mine.version);
    send(url(`/${row.id}`), () => ({ [name]: mine.text, version: version() }), () => { if (typed.get(key) === mine) typed.delete(key); })
      .then((done) => {
        if (underway.get(key) === mine) underway.delete(key);
        if (!done && typed.get(key) === mine) typed.set(key, { text: mine.text, ...begun() }); // told so, whoever says it again means it
      });
  };
  input.addEventListener("change", save);
  input.addEventListener("blur", save); // what was typed before the lines were drawn anew is no change to the new field
  return input;
}

function line(row, index, starts) {
  const made = el("li", { class: "sheet-line", "data-id": row.id, "data-kind": row.kind, tabindex: "0", draggable: may, "aria-label": `${index + 1}. ${row.title}` },
    may ? el("span", { class: "turns" }, turn(row, -1), turn(row, 1)) : "", el("span", { class: "grip", "aria-hidden": "true" }, may ? "⠿" : ""), el("span", { class: "pos num" }, String(index + 1)),
    el("div", { class: "what" }, may ? el("a", { href: row.url }, row.title) : el("b", {}, row.title), el("small", { class: "quiet" }, [row.sku, row.kind === "demo" ? row.kind_word : "", row.points ? fill("points", { n: row.points }) : texts.noPoints, row.faq ? fill("faq", { n: row.faq }) : "", row.cue, row.camera && `◉ ${row.camera}`, row.materials.length && fill("ready", { what: row.materials.join(", ") })].filter(Boolean).join(" · "))),
    el("span", { class: "starts num quiet" }, starts),
    el("label", {}, el("span", {}, texts.minutes), field(row, "planned_minutes", texts.minutes, { inputmode: "numeric" })),
    row.kind === "demo" ? el("span") : el("label", {}, el("span", {}, texts.price), field(row, "live_price", texts.price, { inputmode: "decimal" })),
    row.kind === "demo" ? el("span") : el("label", {}, el("span", {}, texts.aside), field(row, "stock_set_aside", texts.aside, { inputmode: "numeric" })),
    row.goes && box.dataset.remove === "1" ? remove(row) : el("span", { class: `badge badge-${row.tone}` }, row.word),
    row.paid ? el("p", { class: "paid-instead" }, icon("fa-triangle-exclamation"), " ", row.paid.url ? el("a", { href: row.paid.url }, row.paid.text) : row.paid.text) : "");
  return made;
}

function turn(row, by) { // for fingers, which draw nothing and have no Alt
  const label = `${by < 0 ? texts.up : texts.down}: ${row.title}`;
  const made = el("button", { type: "button", class: "btn btn-quiet btn-sm", "aria-label": label }, icon(by < 0 ? "fa-chevron-up" : "fa-chevron-down"));
  made.addEventListener("click", () => { const at = rows.findIndex((one) => one.id === row.id); order(at, at + by); });
  return made;
}

function remove(row) {
  const made = el("button", { type: "button", class: "btn btn-quiet btn-sm", "aria-label": `${texts.remove}: ${row.title}`, title: texts.remove }, icon("fa-xmark"));
  made.addEventListener("click", () => send(url(`/${row.id}/remove`), { version: row.version }));
  return made;
}

function draw() {
  const held = document.activeElement?.closest?.("[data-id]")?.dataset.id;
  const { name, selectionStart, selectionEnd } = document.activeElement || {};
  drawing = true;
  let at = Number(box.dataset.begins);
  list.replaceChildren(...rows.map((row, index) => {
    const starts = `${String(Math.floor(at / 60) % 24).padStart(2, "0")}:${String(at % 60).padStart(2, "0")}`;
    at += row.planned_minutes;
    return line(row, index, starts);
  }));
  const again = held && list.querySelector(`[data-id="${held}"]`);
  const inside = again && name ? again.querySelector(`[name="${name}"]`) : again;
  inside?.focus();
  if (name) inside?.setSelectionRange?.(selectionStart, selectionEnd);
  drawing = false;
  const planned = rows.reduce((sum, row) => sum + row.planned_minutes, 0);
  const total = box.querySelector("[data-total]");
  const left = length - planned;
  total.textContent = left === 0 ? fill("fits", { planned }) : left > 0 ? fill("short", { planned, length, left }) : fill("long", { planned, length, over: -left });
  total.className = `badge badge-${left === 0 ? "success" : left > 0 ? "warning" : "danger"}`;
  box.querySelector("[data-bar]").style.inlineSize = `${length ? Math.min(100, (planned / length) * 100) : 0}%`;
  box.querySelector("[data-bar]").dataset.tone = left < 0 ? "bad" : "";
  box.querySelector("[data-none]").hidden = rows.length > 0;
}

function order(from, to) {
  if (to < 0 || to >= rows.length || from === to) return;
  const [taken] = rows.splice(from, 1);
  rows.splice(to, 0, taken);
  draw();
  list.children[to]?.focus();
  send(url("/order"), { ids: rows.map((row) => row.id) });
}

const place = (node) => rows.findIndex((row) => String(row.id) === node?.dataset.id);
if (may) {
  list.addEventListener("keydown", (event) => {
    const one = event.target.closest("[data-id]");
    if (!one || event.target !== one) return;
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    if (event.altKey) order(place(one), place(one) + by);
    else list.children[place(one) + by]?.focus();
  });
  let drawn = null;
  list.addEventListener("dragstart", (event) => {
    drawn = event.target.closest?.("[data-id]");
    if (!drawn) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", drawn.dataset.id);
    drawn.classList.add("drawn");
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("[data-id]");
    for (const one of list.children) one.classList.toggle("over", one === over && one !== drawn);
    if (drawn && over) event.preventDefault();
  });
  list.addEventListener("drop", (event) => {
    const over = event.target.closest("[data-id]");
    if (drawn && over) { event.preventDefault(); order(place(drawn), place(over)); }
  });
  list.addEventListener("dragend", () => { drawn = null; for (const one of list.children) one.classList.remove("drawn", "over"); });
}

const adder = box.querySelector("[data-add]");
if (adder) {
  const { wirePickers } = await import(box.dataset.picker);
  wirePickers(adder);
  const combo = (name) => adder.querySelector(`[data-name="${name}"]`);
  const empty = (name) => { // what was chosen goes with the text that named it
    const typed = combo(name).querySelector("[role=combobox]");
    typed.value = "";
    typed.dispatchEvent(new Event("blur"));
  };
  combo("product").addEventListener("pick", ({ detail: [product] }) => { // only SKUs of this product are offered
    const from = new URL(combo("sku").dataset.url, location.href);
    if (product) from.searchParams.set("product", product); else from.searchParams.delete("product");
    combo("sku").dataset.url = from;
    empty("sku");
  });
  adder.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [product, sku] = [adder.elements.product, adder.elements.sku].map((one) => Number(one.value) || null);
    const title = adder.title_.value.trim();
    if (!product && !sku && !title) { combo("product").querySelector("[role=combobox]").focus(); return; }
    const wanted = product || sku ? { ...(product && { product_id: product }), ...(sku && { sku_id: sku }) } : { title, kind: "demo" };
    const chosen = () => JSON.stringify([adder.elements.product.value, adder.elements.sku.value, adder.title_.value]);
    const sent = chosen();
    if (await send(url("/add"), wanted)) {
      if (chosen() === sent) { // somebody may be at the next line already
        adder.title_.value = "";
        empty("product");
        empty("sku");
      }
      list.lastElementChild?.scrollIntoView({ block: "nearest" });
    }
  });
}
draw();
