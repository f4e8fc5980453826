// The product form: another category asks other questions, so they are fetched when one is picked.
const place = document.querySelector("[data-attributes]");
const form = place?.closest("form");

async function load(category) {
  const typed = new Map([...place.querySelectorAll("[name^='attr-']")].map((field) => [field.name, field.value]));
  const answer = await fetch(`${place.dataset.url}?category_id=${encodeURIComponent(category)}`).catch(() => null);
  if (!answer || !answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  place.replaceChildren(...page.body.childNodes);
  for (const field of place.querySelectorAll("[name^='attr-']")) {
    if (!field.value && typed.has(field.name)) field.value = typed.get(field.name);
  }
}

form?.addEventListener("pick", (event) => {
  if (event.target.dataset.name === "category_id") load(event.detail[0] ?? "");
});
