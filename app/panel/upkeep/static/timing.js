/* Of the fields of a time, only those that its kind asks for. */
const form = document.querySelector("[data-timing]");
if (form) {
  const kind = form.querySelector("[data-kind]");
  const show = () => {
    for (const field of form.querySelectorAll("[data-of]")) field.hidden = !field.dataset.of.split(" ").includes(kind.value);
  };
  kind.addEventListener("change", show);
  show();
}
