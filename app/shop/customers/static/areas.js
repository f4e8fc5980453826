/* Province, city and district offer what the official list says, level by level. What is typed stays free: abroad,
   and where the list is behind the world, a person knows better. */

const url = document.querySelector("script[data-areas]")?.dataset.areas;
const inputs = ["province", "city", "district"].map((name) => document.querySelector(`input[name="${name}"]`));
const country = document.querySelector('input[name="country"]');
const known = new Map();

async function offered(province, city) {
  const key = `${province}/${city}`;
  if (!known.has(key)) {
    const query = new URLSearchParams({ province, city });
    const answer = await fetch(`${url}?${query}`, { credentials: "same-origin", headers: { Accept: "application/json" } });
    known.set(key, answer.ok ? (await answer.json()).results : []);
  }
  return known.get(key);
}

async function fill(level) {
  const [province, city] = inputs.map((input) => input.value.trim());
  const list = document.getElementById(`areas-${level}`);
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

if (url && inputs.every(Boolean)) {
  inputs.forEach((input, level) => {
    const list = document.createElement("datalist");
    list.id = `areas-${level}`;
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
