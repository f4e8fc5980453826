/* What every page has: menu, appearance, messages, questions before an effect, keys. */
import { announce, ask, confirmDialog, flash, forget, isTyping, t } from "./dom.js";

const root = document.documentElement;

function menu() {
  const nav = document.getElementById("nav");
  if (!nav) return;
  const opener = document.querySelector("[data-menu-open]");
  const open = (yes) => {
    document.body.classList.toggle("menu-open", yes);
    opener?.setAttribute("aria-expanded", String(yes));
    if (yes) nav.querySelector("a, button")?.focus();
    else if (nav.contains(document.activeElement)) opener?.focus();
  };
  opener?.addEventListener("click", () => open(!document.body.classList.contains("menu-open")));
  document.querySelector("[data-menu-close]")?.addEventListener("click", () => open(false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.body.classList.contains("menu-open")) open(false);
  });

  let kept = {};
  try { kept = JSON.parse(localStorage.getItem("panel_menu") || "{}"); } catch { kept = {}; }
  for (const head of nav.querySelectorAll(".nav-head")) {
    const { key } = head.dataset;
    if (kept[key]) head.setAttribute("aria-expanded", "true");
    head.addEventListener("click", () => {
      const yes = head.getAttribute("aria-expanded") !== "true";
      head.setAttribute("aria-expanded", String(yes));
      kept[key] = yes;
      try { localStorage.setItem("panel_menu", JSON.stringify(kept)); } catch { /* a browser that keeps nothing */ }
    });
  }
  flyouts(nav);
  liveCounts(nav);
  const rail = nav.querySelector("[data-rail]");
  rail?.addEventListener("click", () => {
    const narrow = root.dataset.rail !== "1";
    root.dataset.rail = narrow ? "1" : "0";
    rail.setAttribute("aria-pressed", String(narrow));
    document.cookie = `panel_rail=${narrow ? 1 : 0}; path=/; max-age=31536000; samesite=lax`;
  });
  nav.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

/** What flies out opens to the side where there is room, and Escape puts it away until one comes back. */
function flyouts(nav) {
  for (const group of nav.querySelectorAll(".nav-group:not(.single)")) {
    const place = () => {
      const box = group.getBoundingClientRect();
      group.classList.toggle("up", box.top > window.innerHeight / 2);
      group.classList.toggle("end", box.left > window.innerWidth / 2);
    };
    const back = () => group.classList.remove("shut");
    group.addEventListener("pointerenter", () => { back(); place(); });
    group.addEventListener("focusin", place);
    group.addEventListener("pointerleave", back);
    group.addEventListener("focusout", (event) => { if (!group.contains(event.relatedTarget)) back(); });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const group = nav.querySelector(".nav-group:is(:hover, :focus-within)");
    group?.classList.add("shut");
    if (group?.contains(document.activeElement)) group.querySelector(".nav-head, .nav-link").focus();
  });
}

/** The counts in the menu: asked when the page knows only old ones, when one comes back to it, and when the stream has news. */
async function liveCounts(nav) {
  const tree = nav.querySelector("[data-menu-counts]");
  if (!tree) return;
  let asked = 0;
  const show = (node, n) => {
    node.textContent = n < 1000 ? String(n) : "999+";
    node.hidden = !n;
  };
  let known = null;
  /** All counts, or those alone that listen to the topics which brought news. */
  const recount = async (of = []) => {
    const only = known && of.length ? `?of=${encodeURIComponent(of.join(","))}` : "";
    let counts;
    asked = Date.now();
    try { ({ counts } = await ask(`/menu/counts${only}`)); } catch { return; }
    known = only ? { ...known, ...counts } : counts;
    for (const node of nav.querySelectorAll("[data-count]")) show(node, known[node.dataset.count] || 0);
    for (const node of nav.querySelectorAll("[data-count-sum]")) {
      show(node, node.dataset.countSum.split(" ").reduce((sum, key) => sum + (known[key] || 0), 0));
    }
  };
  if (tree.dataset.menuCounts === "old") recount();
  document.addEventListener("visibilitychange", () => { if (!document.hidden && Date.now() - asked > 15000) recount(); });
  const topics = tree.dataset.menuTopics.split(" ").filter(Boolean);
  if (!topics.length) return;
  let soon = 0;
  const news = new Set();
  const { stream } = await import("./stream.js");
  stream(topics, ({ topic }) => { // however much comes, it is counted once in this time
    news.add(topic);
    soon ||= setTimeout(() => { soon = 0; recount([...news]); news.clear(); }, 600);
  }, { reload: () => recount() });
}

/** Wear a skin at once; charts listen to the event. */
export function wear(skin) {
  root.dataset.skin = skin;
  root.dataset.bsTheme = skin === "dark" ? "dark" : "light";
  document.dispatchEvent(new CustomEvent("panel:skin", { detail: skin }));
}

function appearance() {
  const form = document.querySelector("[data-appearance]");
  form?.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (button?.name !== "skin") return;
    event.preventDefault();
    wear(button.value);
    for (const other of form.querySelectorAll("[name=skin]")) {
      if (other === button) other.setAttribute("aria-current", "true");
      else other.removeAttribute("aria-current");
      other.querySelector(".check")?.remove();
    }
    const data = new FormData(form, button);
    try {
      await ask(form.action, { method: "POST", body: data });
    } catch (error) {
      announce(error.message);
    }
  });
}

function questions() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const asker = event.submitter?.dataset.confirm ? event.submitter : form;
    const text = asker.dataset?.confirm;
    if (!text || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!(await confirmDialog(text, asker.dataset.tone || "primary"))) return;
    form.dataset.confirmed = "1";
    form.requestSubmit(event.submitter);
    delete form.dataset.confirmed;
  }, true);
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[data-confirm]");
    if (!link || event.defaultPrevented) return;
    event.preventDefault();
    if (await confirmDialog(link.dataset.confirm, link.dataset.tone || "primary")) location.assign(link.href);
  });
}

/** Menus that open at a button are Bootstrap's; its scripts come when somebody reaches for the first one. */
function dropdowns() {
  const own = document.querySelector("script[data-dropdowns]");
  const MENU = "[data-bs-toggle=dropdown]";
  let there = null;
  const fetched = (src) => new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src, onload: resolve, onerror: reject });
    document.head.append(script);
  });
  const fetch = () => {
    there ||= own.dataset.dropdowns.split(" ").reduce((before, src) => before.then(() => fetched(src)), Promise.resolve());
    return there;
  };
  for (const kind of ["pointerover", "focusin"]) {
    document.addEventListener(kind, (event) => { if (event.target.closest?.(MENU)) fetch(); });
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.(MENU);
    if (!button || window.bootstrap) return; // its own listener does it
    event.preventDefault();
    await fetch();
    window.bootstrap.Dropdown.getOrCreateInstance(button).show();
  });
}

/** A form is sent once: a second click while the first is on its way does nothing. */
function once() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.matches?.("[data-once]")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    form.setAttribute("aria-busy", "true");
    setTimeout(() => { for (const b of form.querySelectorAll("button:not([type=button])")) b.disabled = true; });
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("[data-sent]")) {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
      for (const b of form.querySelectorAll("button[disabled]")) b.disabled = false;
    }
  });
}

function clicks() {
  document.addEventListener("click", (event) => {
    const target = event.target.closest?.("[data-dismiss], [data-open], [data-back]");
    if (!target) return;
    if ("dismiss" in target.dataset) target.closest(".message")?.remove();
    else if ("back" in target.dataset) history.back();
    else document.querySelector(target.dataset.open)?.showModal();
  });
  for (const dialog of document.querySelectorAll("dialog.panel-dialog")) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close("no"); });
  }
  document.querySelector("[data-focus]")?.focus();
}

function keys() {
  const search = document.querySelector("[data-search]");
  let opening = null;
  const palette = async () => {
    opening ??= { before: document.activeElement }; // what is typed into the box meanwhile opens it as well, and nobody was there before
    const { before } = opening;
    search.focus(); // what is typed while it is fetched stands in this box and is taken over
    try { (await import("./palette.js")).open(search.form, before); } finally { opening = null; }
  };
  search?.addEventListener("click", palette);
  search?.addEventListener("input", (event) => {
    if (!event.isComposing) palette();
  });
  search?.addEventListener("compositionend", palette);
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && search) {
      event.preventDefault();
      palette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === "/" && search) {
      event.preventDefault();
      palette();
    } else if (event.key === "?") {
      event.preventDefault();
      document.getElementById("shortcuts")?.showModal();
    }
  });
}

/** The bell counts along: the stream brings news, the server's own count settles it after a gap. */
/* The reader's own runs over many rows, on whatever page he is: how many, and how far the latest is. */
async function tray() {
  const sign = document.querySelector("[data-tray]");
  const body = document.body;
  if (!sign || !body.dataset.user) return;
  const dot = sign.querySelector(".dot");
  const working = new Map();
  const draw = () => {
    const latest = [...working.values()].at(-1);
    sign.hidden = working.size === 0;
    sign.setAttribute("aria-label", sign.dataset.label.replace("{n}", working.size));
    if (!latest) return;
    dot.textContent = working.size > 1 ? working.size : `${latest.percent}%`;
    sign.title = `${latest.title} · ${latest.label} · ${latest.percent}%`;
    sign.href = latest.url || sign.href;
  };
  const keep = (run) => {
    if (["checking", "queued", "running", "paused", "asked"].includes(run.state)) working.set(run.id, { ...working.get(run.id), ...run });
    else working.delete(run.id);
  };
  const ask = async () => {
    const answer = await fetch(sign.dataset.tray, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    working.clear();
    (await answer.json()).reverse().forEach(keep);
    draw();
  };
  const { stream } = await import("./stream.js");
  stream([`user:${body.dataset.user}`], ({ kind, data }) => {
    if (kind !== "run") return;
    keep(data);
    draw();
  }, { reload: ask });
  ask();
}

async function notices() {
  const bell = document.querySelector("[data-notices][data-user]");
  if (!bell) return;
  const dot = bell.querySelector(".dot");
  let count = Number(dot.textContent) || 0;
  const show = (n) => {
    count = Math.max(0, n);
    dot.textContent = count > 99 ? "99+" : String(count);
    dot.hidden = !count;
    bell.setAttribute("aria-label", bell.dataset.label.replace("{n}", String(count)));
  };
  const recount = async () => {
    if (!bell.dataset.countUrl) return;
    try { show((await ask(bell.dataset.countUrl)).unread); } catch { /* the next page knows */ }
  };
  const { stream } = await import("./stream.js");
  stream([`user:${bell.dataset.user}`], ({ kind, data }) => {
    if (kind === "notice") {
      show(count + 1);
      announce(data?.title || "");
    } else if (kind === "notices_read") show(data?.unread ?? 0);
  }, { reload: recount });
}

function preview() {
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input.type !== "file") return;
    const box = input.closest("[data-preview]");
    const file = input.files?.[0];
    if (!box || !file?.type.startsWith("image/")) return;
    let now = box.querySelector(".file-now");
    if (!now) {
      now = document.createElement("div");
      now.className = "file-now";
      box.prepend(now);
    }
    const image = document.createElement("img");
    image.alt = "";
    image.src = URL.createObjectURL(file);
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    now.replaceChildren(image, file.name);
  });
}

/** On a narrow screen the tab that is open may stand beyond the edge. */
function tabs() {
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const bar = tab.closest(".tabs");
    if (bar.scrollWidth > bar.clientWidth) bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
  }
}

/** Buttons that copy what stands in a field; where the browser keeps the clipboard shut the text is selected. */
function copies() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", async () => {
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        if (!document.execCommand("copy")) return;
      }
      flash(t("copied"), "success");
    });
  }
}

/** What is saved needs no draft any more, and whoever logs out leaves none behind. */
function kept() {
  const { user, saved } = document.body.dataset;
  if (saved) forget(`${user}:${saved}`);
  document.addEventListener("submit", (event) => {
    if ("logout" in event.target.dataset) forget(`${user}:`);
  });
}

kept();
menu();
appearance();
tabs();
copies();
questions();
dropdowns();
once();
clicks();
keys();
notices();
tray();
preview();
if (document.querySelector("[data-reveal]")) import("./reveal.js");
root.dataset.ready = "1";
