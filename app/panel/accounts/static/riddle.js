/* Another picture, or the digits in words, without losing what was typed. Without this script the buttons send the form. */

const part = document.querySelector("[data-riddle]");
const form = part?.closest("form");
const picture = part?.querySelector("img");
const words = part?.querySelector("[data-riddle-words]");
const typed = part?.querySelector("input");

async function another(kind) {
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, another: kind });
  const answer = await fetch("/login/riddle/", { method: "POST", body, headers: { Accept: "application/json" } });
  if (!answer.ok) return form.requestSubmit();
  const found = await answer.json();
  picture.hidden = !found.picture;
  if (found.picture) picture.src = found.picture;
  words.hidden = !found.words;
  words.textContent = found.words;
  typed.value = "";
  typed.focus();
}

for (const button of part?.querySelectorAll("[data-another]") || []) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    another(button.value);
  });
}
