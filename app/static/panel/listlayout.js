/* The layout of a list: columns put into order by dragging or with keys, widths drawn at the edges of the heads. */
import { announce, csrf, el, flash, icon, json, t } from "./dom.js";

/** Lines that one drags, or moves with Alt and the arrow keys or with their buttons. */
function orderable(list) {
  let dragged = null;
  const move = (line, by) => {
    const other = by < 0 ? line.previousElementSibling : line.nextElementSibling;
    if (!other) return;
    if (by < 0) other.before(line);
    else other.after(line);
    line.scrollIntoView({ block: "nearest" });
    announce(`${line.innerText.trim()}: ${[...list.children].indexOf(line) + 1}`);
  };
  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("li");
    dragged?.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("li");
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    if (event.clientY < box.top + box.height / 2) over.before(dragged);
    else over.after(dragged);
  });
  list.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    dragged = null;
  });
  list.addEventListener("keydown", (event) => {
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    move(event.target.closest("li"), event.key === "ArrowUp" ? -1 : 1);
    event.target.focus();
  });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-up], [data-down]");
    if (!button) return;
    move(button.closest("li"), "up" in button.dataset ? -1 : 1);
    button.focus();
  });
}

/** Widths drawn at the edge of a head; kept with the columns of the reader. */
function edges(table, form) {
  const keep = async () => {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-CSRFToken": csrf() }, credentials: "same-origin", redirect: "manual" }).catch(() => null);
    if (!answer || (answer.type !== "opaqueredirect" && !answer.ok)) flash(t("failed"), "danger");
    else if (form.elements.cols) form.submit(); // the address itself says the widths
  };
  table.addEventListener("pointerdown", (event) => {
    const edge = event.target.closest("[data-edge]");
    if (!edge) return;
    event.preventDefault();
    const head = edge.closest("th");
    const at = [...head.parentElement.children].indexOf(head) + 1;
    const from = event.clientX;
    const wide = head.getBoundingClientRect().width;
    let width = wide;
    edge.setPointerCapture(event.pointerId);
    const move = (moved) => {
      width = Math.round(Math.max(48, Math.min(900, wide + moved.clientX - from)));
      for (const cell of table.querySelectorAll(`tr > :nth-child(${at})`)) Object.assign(cell.style, { width: `${width}px`, minWidth: `${width}px`, maxWidth: `${width}px` });
    };
    edge.addEventListener("pointermove", move);
    edge.addEventListener("pointerup", () => {
      edge.removeEventListener("pointermove", move);
      if (Math.abs(width - wide) < 2) return;
      form.elements[`width-${head.dataset.col}`].value = width;
      keep();
    }, { once: true });
  });
  table.addEventListener("click", (event) => { if (event.target.closest("[data-edge]")) event.preventDefault(); });
}

/** The lines of the dialog, drawn from what the page tells of the columns; the page of an export has its own. */
function columnLines(list) {
  const said = json("list-columns");
  if (!said) return;
  for (const [name, label, isShown, width] of said.columns) {
    const word = (text) => text.replace("{name}", label);
    const button = (way, sign) => el("button", { class: "btn btn-quiet btn-icon", type: "button", [`data-${way}`]: true, "aria-label": word(said[way]) }, icon(sign));
    list.append(el("li", { draggable: "true" },
      el("i", { class: "fa-solid fa-grip-vertical quiet", "aria-hidden": "true" }),
      el("label", { class: "check" }, el("input", { class: "form-check-input", type: "checkbox", name: "col", value: name, checked: isShown }), label),
      el("span", { class: "push" }),
      el("input", { class: "form-control", type: "text", inputmode: "numeric", maxlength: 3, name: `width-${name}`, value: width, "aria-label": word(said.width), placeholder: said.auto }),
      button("up", "fa-arrow-up"), button("down", "fa-arrow-down")));
  }
}

const form = document.querySelector("[data-columns]");
columnLines(form.querySelector("[data-order]"));
orderable(form.querySelector("[data-order]"));
const table = document.querySelector(".grid-table.laid");
if (table) edges(table, form);
