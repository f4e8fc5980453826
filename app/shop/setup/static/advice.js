// Advice while one types: asks the server what its rules say about some fields of the form and lists it. Never blocks.
const WAIT = 350;

function watch(box) {
  const form = box.closest("form");
  const names = box.dataset.fields.split(" ");
  let timer = 0;
  let latest = 0;

  async function ask() {
    const number = ++latest;
    const typed = new FormData(form);
    const query = new URLSearchParams();
    // a picker holds its choice in hidden inputs of one name: the last one is what counts
    for (const name of names) query.set(name, typed.getAll(name).pop() ?? "");
    const answer = await fetch(`${box.dataset.url}?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer || !answer.ok || number !== latest) return;
    draw(box, await answer.json());
  }

  const later = () => { clearTimeout(timer); timer = setTimeout(ask, WAIT); };
  form.addEventListener("input", (event) => { if (names.includes(event.target.name)) later(); });
  form.addEventListener("pick", (event) => { if (names.includes(event.target.dataset.name)) later(); });
  ask();
}

function draw(box, data) {
  const list = box.querySelector("[data-findings]");
  list.replaceChildren(...data.findings.map((finding) => {
    const item = document.createElement("li");
    if (finding.done !== undefined) item.className = finding.done ? "tone-success" : "tone-warning";
    item.textContent = finding.done === undefined ? finding.text : `${finding.done ? "✓" : "○"} ${finding.text}`;
    return item;
  }));
  box.querySelector("[data-none]")?.toggleAttribute("hidden", data.findings.length > 0);
  for (const [name, text] of Object.entries(data.texts ?? {})) {
    const place = box.querySelector(`[data-text="${name}"]`);
    if (place) place.textContent = text;
  }
}

for (const box of document.querySelectorAll("[data-advice]")) watch(box);
