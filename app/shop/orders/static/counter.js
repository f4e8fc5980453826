/* The counter screen. Amounts are whole minor units here too; the server prices, sums up and decides. */
const box = document.querySelector("[data-counter]");
const texts = JSON.parse(document.getElementById("counter-texts").textContent);
const scan = box.querySelector("[data-scan]");
const pay = box.querySelector("[data-pay]");
const rows = box.querySelector("[data-lines]");
const said = box.querySelector("[data-said]");
const csrf = document.querySelector("meta[name=csrf-token]").content;
let lines = [];
let money = null;
// randomUUID is missing on plain http in a shop's network
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
let key = newKey();
let quoted = 0;
let asked = 0;
let busy = false;
let selling = Promise.resolve(); // what is scanned meanwhile belongs to the next basket
const made = new WeakMap();      // the row of each line: one in which somebody types or presses is never put anew

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
const total = () => quoted;
const wanted = () => lines.map(({ sku_id, quantity }) => ({ sku_id, quantity }));

function post(url, data) {
  return fetch(url, {
    method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": csrf }, body: JSON.stringify(data),
  });
}

function shown(minor) {
  if (!money || minor == null) return "–";
  const format = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: money.currency });
  return format.format(minor / 10 ** money.exponent);
}

function say(text, bad = false) {
  said.textContent = text;
  said.classList.toggle("bad", bad);
}

function minor(text) {
  const clean = text.replace(/[\s,，]/g, "");
  if (!/^\d+(\.\d+)?$/.test(clean) || !money) return null;
  return Math.round(Number(clean) * 10 ** money.exponent);
}

function draw() {
  const shownNow = lines.map(row);
  for (const old of [...rows.children]) if (!shownNow.includes(old)) old.remove();
  rows.append(...shownNow.filter((one) => !one.isConnected)); // what is added comes last
  box.querySelector("[data-none]").hidden = lines.length > 0;
  box.querySelector("[data-go]").disabled = lines.length === 0 || busy;
  box.querySelector("[data-total]").textContent = lines.length ? shown(total()) : "–";
  change();
}

function row(line) {
  if (!made.has(line)) made.set(line, newRow(line));
  const { tr, price, amount, quantity, remove } = made.get(line);
  price.textContent = shown(line.price);
  amount.textContent = shown(line.amount);
  if (quantity !== document.activeElement) quantity.value = line.quantity;
  quantity.disabled = remove.disabled = busy;
  return tr;
}

function newRow(line) {
  const tr = document.createElement("tr");
  const name = document.createElement("td");
  name.textContent = line.option ? `${line.title} · ${line.option}` : line.title;
  const small = document.createElement("small");
  small.className = "quiet d-block";
  small.textContent = line.code;
  name.append(small);
  const quantity = document.createElement("input");
  Object.assign(quantity, { type: "number", min: 1, max: 100000, value: line.quantity, className: "form-control" });
  quantity.setAttribute("aria-label", fill(texts.pieces, { title: line.title }));
  quantity.addEventListener("change", () => {
    quantity.value = line.quantity = Math.max(1, Math.floor(Number(quantity.value)) || 1);
    changed();
  });
  const remove = document.createElement("button");
  Object.assign(remove, { type: "button", className: "btn btn-quiet btn-sm", textContent: texts.remove });
  remove.addEventListener("click", () => {
    lines = lines.filter((one) => one !== line);
    changed();
    scan.code.focus();
  });
  const [price, amount] = [cell(""), cell("")];
  tr.append(name, price, cell(quantity), amount, cell(remove));
  return { tr, price, amount, quantity, remove };
}

function cell(content) {
  const td = document.createElement("td");
  td.className = "n";
  td.append(content);
  return td;
}

// another basket is another sale: only an unchanged one may be sent again under the same key
async function changed() {
  key = newKey();
  const mine = ++asked;
  if (!lines.length) {
    quoted = 0;
    draw();
    return;
  }
  const answer = await post(box.dataset.quote, { channel_id: Number(pay.channel_id.value), lines: wanted(), codes: pay.codes.value }).catch(() => null);
  const told = await answer?.json().catch(() => null);
  if (mine !== asked) return; // an older answer: the basket has changed since
  if (!answer?.ok) say(told?.message || texts.away, true);
  else {
    lines.forEach((line, index) => Object.assign(line, told.lines[index]));
    quoted = told.total;
    if (told.refused.length) say(told.refused.join(" "), true);
  }
  draw();
}

function change() {
  const cash = pay.method.value === "cash";
  for (const part of box.querySelectorAll("[data-cash]")) part.hidden = !cash;
  box.querySelector("[data-ref]").hidden = cash;
  const given = minor(pay.tendered.value);
  const back = given === null ? null : given - total();
  box.querySelector("[data-change]").textContent = back === null || !lines.length ? "–" : back < 0 ? texts.little : shown(back);
}

scan.addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = scan.code.value.trim();
  const [, pieces, code] = /^(?:(\d{1,5})\s*[*x×]\s*)?(.+)$/.exec(text) || [];
  if (!code) return;
  scan.code.value = ""; // at once: the next article may be scanned before this one is found
  say("");
  await selling;
  const url = new URL(box.dataset.find, location.href);
  url.search = new URLSearchParams({ code, channel: pay.channel_id.value });
  const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
  const found = await answer?.json().catch(() => null);
  if (!answer?.ok) {
    say(found?.message || texts.away, true);
    if (!scan.code.value) { scan.code.value = text; scan.code.select(); }
    return;
  }
  money = { currency: found.currency, exponent: found.exponent };
  const known = lines.find((line) => line.sku_id === found.sku_id);
  if (known) known.quantity += Number(pieces || 1);
  else lines.push({ ...found, quantity: Number(pieces || 1) });
  await changed();
});

pay.addEventListener("input", change);
pay.codes.addEventListener("change", changed);
if (pay.channel_id.tagName === "SELECT") pay.channel_id.addEventListener("change", () => { lines = []; changed(); });

pay.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!lines.length || busy) return;
  busy = true;
  let over;
  selling = new Promise((done) => { over = done; });
  draw();
  try {
    const cash = pay.method.value === "cash";
    const order = {
      key, channel_id: Number(pay.channel_id.value), method: pay.method.value, expected: total(),
      tendered: cash ? pay.tendered.value : "", reference: cash ? "" : pay.reference.value,
      lines: wanted(), codes: pay.codes.value,
    };
    const answer = await post(box.dataset.sell, order);
    const told = await answer.json();
    if (!answer.ok) {
      say(told.message, true);
      return;
    }
    const sold = fill(texts.sold, told);
    say(cash && pay.tendered.value ? `${sold} ${fill(texts.change, { amount: told.change })}` : sold);
    const last = box.querySelector("[data-last]");
    last.hidden = false;
    last.querySelector("[data-receipt]").href = told.receipt;
    last.querySelector("[data-order]").href = told.url;
    lines = [];
    pay.tendered.value = pay.reference.value = pay.codes.value = "";
    await changed();
    scan.code.focus();
  } catch (error) {
    say(String(error.message || error), true);
  } finally {
    busy = false;
    over();
    draw();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "F2") scan.code.focus();
  else if (event.key === "F4") (pay.method.value === "cash" ? pay.tendered : pay.reference).focus();
  else if (event.key === "F9") pay.requestSubmit();
  else return;
  event.preventDefault();
});
draw();
