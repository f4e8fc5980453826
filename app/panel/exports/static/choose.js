/* Columns of a file: what is ticked goes to the end of those in the file, what is not goes back to where it belongs. */
const form = document.querySelector("[data-export]");
const chosen = form.querySelector("[data-chosen]");

form.addEventListener("change", (event) => {
  if (event.target.name !== "col") return;
  const line = event.target.closest("li");
  if (event.target.checked) chosen.append(line);
  else form.querySelector(`details[data-group="${line.dataset.group}"] [data-others]`)?.prepend(line);
  event.target.focus();
});
