/* Choosing a related row: an editable combobox with a list (WAI-ARIA APG), its options fetched while typing. */
import { announce, ask, el, icon, t } from "./dom.js";

const WAIT = 180;

/** Wire one combobox; returns {add(item), values(), clear()}. `find(text)` answers {results, more}; without it the server does. */
export function combobox(box, find = null) {
  const input = box.querySelector("[role=combobox]");
  const list = box.querySelector("[role=listbox]");
  const many = "multiple" in box.dataset;
  const name = box.dataset.name;
  list.popover = "manual";
  let options = [];
  let active = -1;
  let timer = 0;
  let running = null;
  let looked = null; // the text of which the list holds what was found
  let chosen = input.value;

  const holders = () => [...box.querySelectorAll("input[type=hidden]")].filter((one) => one.value !== "");
  const changed = () => box.dispatchEvent(new CustomEvent("pick", { bubbles: true, detail: holders().map((one) => one.value) }));

  /** The list lies over all else, where no dialog and no table cuts it off. */
  function float(isOpen) {
    list.hidden = !isOpen;
    list.togglePopover?.(isOpen);
    if (isOpen) place();
  }

  /** Below its box, or above where there is more room. */
  function place() {
    if (list.hidden) return;
    const at = box.getBoundingClientRect();
    const below = innerHeight - at.bottom - 12;
    const up = below < list.scrollHeight && at.top > below;
    const width = Math.max(at.width, Math.min(224, innerWidth - 16));
    Object.assign(list.style, {
      left: `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`, width: `${width}px`, maxHeight: `${Math.min(272, Math.max(96, up ? at.top - 12 : below))}px`,
      top: up ? "auto" : `${at.bottom + 4}px`, bottom: up ? `${innerHeight - at.top + 4}px` : "auto",
    });
  }

  function close() {
    clearTimeout(timer);
    running?.abort();
    looked = null;
    float(false);
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(to) {
    const items = [...list.querySelectorAll("[role=option]:not([aria-disabled])")];
    if (!items.length) return;
    active = (to + items.length) % items.length;
    for (const [at, item] of items.entries()) {
      item.classList.toggle("on", at === active);
      item.setAttribute("aria-selected", String(at === active));
    }
    items[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", items[active].id);
  }

  function chip(item) {
    const drop = el("button", { type: "button", "aria-label": t("removeNamed", { name: item.label }) }, icon("fa-xmark"));
    return el("span", { class: "chip" }, el("span", {}, item.label), drop, el("input", { type: "hidden", name, value: item.id }));
  }

  function add(item) {
    if (many) {
      if (!holders().some((one) => one.value === String(item.id))) input.before(chip(item));
      input.value = "";
    } else {
      let holder = box.querySelector("input[type=hidden]");
      if (!holder) {
        holder = el("input", { type: "hidden", name });
        box.prepend(holder);
      }
      holder.value = item.id;
      input.value = chosen = item.label;
    }
    changed();
  }

  function show(found, more) {
    options = found;
    list.replaceChildren();
    for (const [at, item] of found.entries()) {
      if (item.group && item.group !== found[at - 1]?.group) list.append(el("li", { class: "combo-group", role: "presentation" }, item.group));
      const hint = item.hint ? el("span", { class: "hint" }, item.hint) : null;
      const line = el("li", { role: "option", id: `${list.id}-${at}`, "aria-selected": "false" }, el("span", {}, item.label), hint);
      line.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        take(at);
      });
      list.append(line);
    }
    const note = found.length ? (more ? t("more") : "") : t("nothing");
    if (note) list.append(el("li", { role: "option", "aria-disabled": "true", "aria-selected": "false" }, note));
    if (box.dataset.new) {
      const line = el("li", { role: "option", id: `${list.id}-new`, class: "make", "aria-selected": "false" }, el("span", {}, icon("fa-plus"), box.dataset.newLabel));
      line.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        take(found.length);
      });
      list.append(line);
    }
    float(true);
    input.setAttribute("aria-expanded", "true");
    announce(found.length ? t("results", { n: found.length }) : t("nothing"));
    active = -1;
    if (found.length && input.value.trim() && input.value !== chosen) mark(0);
  }

  const wanted = () => (!many && input.value === chosen ? "" : input.value.trim());

  async function fetchOptions() {
    clearTimeout(timer);
    running?.abort();
    running = new AbortController();
    const text = wanted();
    if (find) {
      const answer = find(text);
      looked = text;
      show(answer.results, answer.more);
      return;
    }
    const url = new URL(box.dataset.url, location.href);
    url.searchParams.set("q", text);
    try {
      const answer = await ask(url, { signal: running.signal });
      looked = text;
      show(answer.results, answer.more);
    } catch (error) {
      if (error.name === "AbortError") return;
      list.replaceChildren(el("li", { role: "option", "aria-disabled": "true", "aria-selected": "false" }, error.message));
      float(true);
      input.setAttribute("aria-expanded", "true");
    }
  }

  /** Make a row that is not there yet, without leaving the form. */
  async function make() {
    const typed = input.value === chosen ? "" : input.value.trim();
    settle();
    const { drawer } = await import("./drawer.js");
    const item = await drawer(box.dataset.new, box.dataset.newLabel, typed, wirePickers);
    if (item) add(item);
    input.focus();
  }

  function take(at) {
    if (at === options.length && box.dataset.new) {
      make();
      return;
    }
    const item = options[at];
    if (!item) return;
    add(item);
    close();
  }

  function settle() {
    close();
    if (many) input.value = "";
    else if (!input.value.trim() && chosen) {
      for (const holder of box.querySelectorAll("input[type=hidden]")) holder.value = "";
      chosen = "";
      changed();
    } else input.value = chosen;
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(fetchOptions, WAIT);
  });
  input.addEventListener("click", () => { if (list.hidden && !input.readOnly) fetchOptions(); });
  input.addEventListener("blur", settle);
  input.addEventListener("keydown", async (event) => {
    if (input.readOnly) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) fetchOptions();
      else mark(event.key === "ArrowDown" ? active + 1 : active < 0 ? -1 : active - 1);
    } else if (event.key === "Enter" && (!list.hidden || wanted()) && !event.isComposing) {
      event.preventDefault();
      if (wanted() && wanted() !== looked) await fetchOptions(); // what is taken is of what stands there, not of what stood there before
      if (active >= 0 && (wanted() === looked || !wanted())) take(active);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      settle();
    } else if (event.key === "Backspace" && many && !input.value) {
      const chips = box.querySelectorAll(".chip");
      chips[chips.length - 1]?.remove();
      changed();
    }
  });
  box.addEventListener("click", (event) => {
    const drop = event.target.closest(".chip button");
    if (drop && !input.readOnly) {
      drop.closest(".chip").remove();
      changed();
    }
    if (event.target === box || drop) input.focus();
  });
  addEventListener("scroll", (event) => { if (event.target !== list) place(); }, { capture: true, passive: true });
  addEventListener("resize", place, { passive: true });
  box.dataset.wired = "1";
  return { add, values: () => holders().map((one) => one.value), clear: () => { for (const one of box.querySelectorAll(".chip")) one.remove(); } };
}

/** Wire all comboboxes inside an element that are not yet. */
export function wirePickers(root = document) {
  for (const box of root.querySelectorAll("[data-combo]:not([data-wired])")) combobox(box);
}
