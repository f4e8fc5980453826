// Pictures of a product are put into order: dragged by their handle (mouse, pen, finger) or moved with the arrow keys.
const list = document.querySelector("[data-arrange]");
const said = document.querySelector("[data-said]");
const WAIT = 500;
let saving = Promise.resolve();
let timer = 0;
let stored = list ? order() : "";

function items() {
  return [...list.querySelectorAll(":scope > [data-image]")];
}

function order() {
  return items().map((item) => item.dataset.image).join(",");
}

/** The first has nowhere up to go, the last nowhere down. */
function settle() {
  const all = items();
  for (const [at, item] of all.entries()) {
    item.querySelector("button[value=up]").hidden = at === 0;
    item.querySelector("button[value=down]").hidden = at === all.length - 1;
  }
}

function tell(item) {
  const all = items();
  said.textContent = list.dataset.moved.replace("{n}", all.indexOf(item) + 1).replace("{total}", all.length);
}

async function save() {
  const wanted = order();
  if (wanted === stored) return;
  const token = document.querySelector("meta[name=csrf-token]")?.content || list.querySelector("[name=csrf_token]").value;
  const body = new URLSearchParams({ order: wanted, seen: list.dataset.seen });
  const headers = { Accept: "application/json", "X-CSRFToken": token };
  const answer = await fetch(list.dataset.arrange, { method: "POST", body, headers }).catch(() => null);
  if (!answer?.ok) {
    // what stands now, and what was in the way, are the page's to say
    location.reload();
    return;
  }
  const found = await answer.json();
  stored = found.order.join(",");
  list.dataset.seen = found.seen;
  said.textContent = list.dataset.saved;
}

function soon() {
  settle();
  clearTimeout(timer);
  timer = setTimeout(() => { saving = saving.then(save); }, WAIT);
}

function move(item, to) {
  const all = items();
  const target = Math.min(Math.max(to, 0), all.length - 1);
  const from = all.indexOf(item);
  if (target === from) return;
  all[target][target > from ? "after" : "before"](item);
  tell(item);
  soon();
}

list?.addEventListener("keydown", (event) => {
  const grip = event.target.closest("[data-grip]");
  if (!grip) return;
  const item = grip.closest("[data-image]");
  const at = items().indexOf(item);
  const to = { ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: items().length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  move(item, to);
  grip.focus();
});

list?.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest("[data-grip]");
  if (!grip || event.button) return;
  const item = grip.closest("[data-image]");
  event.preventDefault();
  grip.focus();
  item.classList.add("dragged");
  // on the document: an element that is moved within the page loses what was captured for it
  const over = (now) => {
    const target = document.elementFromPoint(now.clientX, now.clientY)?.closest("[data-image]");
    if (target && target !== item && target.parentElement === list) move(item, items().indexOf(target));
  };
  const done = () => {
    item.classList.remove("dragged");
    document.removeEventListener("pointermove", over);
    document.removeEventListener("pointerup", done);
    document.removeEventListener("pointercancel", done);
  };
  document.addEventListener("pointermove", over);
  document.addEventListener("pointerup", done);
  document.addEventListener("pointercancel", done);
});
