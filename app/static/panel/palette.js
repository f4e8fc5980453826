/* The search of everything: a combobox over the page (WAI-ARIA APG), answered while one types. */
import { announce, ask, el, icon, t } from "./dom.js";

const WAIT = 140;
const PLACES = 7;
let parts = null;

/** Open it over the page, with what stands in the box at the top; who closes it is back where he was before. */
export function open(form, before) {
  parts ||= build(form);
  const { dialog, input } = parts;
  if (dialog.open) return;
  const { q } = form.elements;
  input.value = q.value;
  if (before !== q) {
    q.blur();
    before?.focus();
  }
  dialog.showModal();
  input.focus();
  if (q.value === q.defaultValue) input.select();
  q.value = "";
  parts.look();
}

function build(form) {
  const list = el("div", { class: "palette-body", role: "listbox", id: "palette-list", "aria-label": t("searchAll") });
  const input = el("input", {
    type: "text", role: "combobox", inputmode: "search", enterkeyhint: "search", autocomplete: "off", spellcheck: "false", maxlength: "200", placeholder: t("searchAll"),
    "aria-label": t("searchAll"), "aria-controls": "palette-list", "aria-expanded": "false", "aria-autocomplete": "list",
  });
  const shut = el("button", { type: "button", class: "icon-btn", "aria-label": t("searchClose") }, icon("fa-xmark"));
  const key = (name, word) => el("span", {}, el("kbd", {}, name), word);
  const foot = el("div", { class: "palette-foot", "aria-hidden": "true" }, key("↑ ↓", t("searchMove")), key("Enter", t("searchOpen")), key("Esc", t("searchClose")));
  const dialog = el("dialog", { class: "palette", "aria-label": t("searchAll") }, el("div", { class: "palette-head" }, icon("fa-magnifying-glass"), input, shut), list, foot);
  document.body.append(dialog);

  let rows = [];
  let active = -1;
  let timer = 0;
  let running = null;
  let shown = null;

  function mark(to) {
    if (!rows.length) return;
    rows[active]?.setAttribute("aria-selected", "false");
    active = (to + rows.length) % rows.length;
    rows[active].setAttribute("aria-selected", "true");
    rows[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", rows[active].id);
  }

  function option(row, image) {
    const name = el("b", {}, row.label);
    const hint = row.hint ? el("span", { class: "hint" }, row.hint) : null;
    const outside = row.outside ? { target: "_blank", rel: "noopener noreferrer" } : {};
    const picture = icon(image);
    picture.classList.add("ico");
    const link = el("a", { class: row.whole ? "palette-row whole" : "palette-row", role: "option", id: `palette-${rows.length}`, "aria-selected": "false", tabindex: "-1", href: row.url, ...outside }, picture, name, hint);
    link.addEventListener("pointermove", () => { if (rows[active] !== link) mark(rows.indexOf(link)); });
    rows.push(link);
    return link;
  }

  function draw(groups, note) {
    rows = [];
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(...groups.map((group, at) => {
      const head = el("div", { class: "palette-group", id: `palette-group-${at}`, role: "presentation" }, group.label);
      return el("div", { role: "group", "aria-labelledby": `palette-group-${at}` }, head, ...group.rows.map((row) => option(row, row.icon || group.icon)));
    }));
    if (note) list.append(el("p", { class: "palette-note", role: "presentation" }, note));
    input.setAttribute("aria-expanded", String(rows.length > 0));
    list.scrollTop = 0;
    if (rows.length) mark(0);
  }

  /** Nothing typed yet: where one can go. */
  function places() {
    const links = [...document.querySelectorAll("#nav a.nav-link[href]")].filter((link) => !link.hasAttribute("aria-current")).slice(0, PLACES);
    const image = (link) => [...(link.closest(".nav-group")?.querySelector("i.ico")?.classList || [])].find((one) => /^fa-(?!solid)/.test(one));
    const named = links.map((link) => ({ label: link.querySelector(".label")?.textContent.trim(), url: link.href, icon: image(link), outside: link.target === "_blank" }));
    draw(named.length ? [{ label: t("goTo"), icon: "fa-arrow-right", rows: named.filter((one) => one.label) }] : [], t("searchHint"));
  }

  async function look() {
    clearTimeout(timer);
    running?.abort();
    const q = input.value.trim();
    if (q === shown) return;
    if (!q) {
      shown = "";
      places();
      return;
    }
    running = new AbortController();
    const url = new URL(form.dataset.palette, location.href);
    url.searchParams.set("q", q);
    dialog.setAttribute("aria-busy", "true");
    try {
      const { groups, all } = await ask(url, { signal: running.signal });
      shown = q;
      if (groups.length) groups.push({ label: t("searchWhole"), icon: "fa-list", rows: [{ label: q, url: all, whole: true }] });
      draw(groups, groups.length ? "" : t("nothing"));
      announce(groups.length ? t("results", { n: rows.length - 1 }) : t("nothing"));
    } catch (error) {
      if (error.name === "AbortError") return;
      shown = null;
      draw([], error.message);
    }
    dialog.removeAttribute("aria-busy");
  }

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT);
  };
  input.addEventListener("input", (event) => { if (!event.isComposing) later(); });
  input.addEventListener("compositionend", later);
  input.addEventListener("keydown", async (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(active + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (input.value.trim() !== shown) await look(); // what is opened is what stands there, not what stood there before
      if (input.value.trim() === shown) rows[active]?.click(); // more may have been typed while it was looked for
    }
  });
  shut.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    clearTimeout(timer);
    running?.abort();
    shown = null;
  });
  return { dialog, input, look };
}
