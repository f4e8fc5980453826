/* Province, city and district offer what the official list says, level by level. What is typed stays free: abroad,
   and where the list is behind the world, a person knows better. */

const url = document.querySelector("script[data-areas]")?.dataset.areas;
const levels = ["province", "city", "district"];
const known = new Map();
const wired = new WeakSet();
let lists = 0;

async function offered(province, city) {
  const key = `${province}/${city}`;
  if (!known.has(key)) {
    const query = new URLSearchParams({ province, city });
    const answer = await fetch(`${url}?${query}`, { credentials: "same-origin", headers: { Accept: "application/json" } });
    known.set(key, answer.ok ? (await answer.json()).results : []);
  }
  return known.get(key);
}

/* One address: the fields of a form, or those of a row of its table of addresses. */
function wire(first) {
  const begin = first.name.slice(0, -"province".length);
  const named = (name) => first.form.elements.namedItem(`${begin}${name}`);
  const inputs = levels.map(named);
  const country = named("country");
  if (wired.has(first) || !inputs.every(Boolean)) return;
  wired.add(first);

  async function fill(level) {
    const [province, city] = inputs.map((input) => input.value.trim());
    const list = inputs[level].list;
    const isHere = !country || (country.value.trim() || "CN").toUpperCase() === "CN";
    const ready = isHere && (level === 0 || (province && (level === 1 || city)));
    const names = ready ? await offered(level > 0 ? province : "", level > 1 ? city : "") : [];
    list.replaceChildren(...names.map(({ name }) => Object.assign(document.createElement("option"), { value: name })));
    // where only one place lies below (a direct-controlled city), there is nothing to choose
    if (level === 1 && names.length === 1 && !inputs[1].value) {
      inputs[1].value = names[0].name;
      fill(2);
    }
  }

  inputs.forEach((input, level) => {
    const list = document.createElement("datalist");
    list.id = `areas-${lists += 1}`;
    input.after(list);
    input.setAttribute("list", list.id);
    input.setAttribute("autocomplete", "off");
    input.addEventListener("change", () => {
      for (const lower of inputs.slice(level + 1)) lower.value = "";
      for (let next = level + 1; next < inputs.length; next += 1) fill(next);
    });
  });
  country?.addEventListener("change", () => inputs.forEach((_input, level) => fill(level)));
  inputs.forEach((_input, level) => fill(level));
}

function wireAll() {
  for (const input of document.querySelectorAll('form input[name="province"], form input[name$="-province"]')) wire(input);
}

if (url) {
  wireAll();
  document.addEventListener("focusin", wireAll);  // a row that was added since
}
