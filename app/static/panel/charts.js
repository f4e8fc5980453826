/* Charts: the figure comes as JSON beside its canvas; colours come from the skin, and change with it. */
import { json, t } from "./dom.js";

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Replace "$chart-1" by the colour of that name, all through a figure. */
export function dressed(value) {
  if (typeof value === "string") return value.startsWith("$") ? token(`--${value.slice(1)}`) || value : value;
  if (Array.isArray(value)) return value.map(dressed);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, dressed(one)]));
  return value;
}

function axis(given = {}, grid) {
  return {
    showline: !grid, ticks: "", ticklabelstandoff: 6,
    gridcolor: token("--line"), zerolinecolor: token("--line-strong"), linecolor: token("--line-strong"), tickcolor: token("--line-strong"),
    tickfont: { color: token("--ink-3"), size: 11.5 }, showgrid: grid, zeroline: grid, automargin: true, fixedrange: true, ...given,
  };
}

/** The layout of a figure in the present skin: what it says itself wins. */
export function layout(given = {}) {
  const font = { family: token("--font"), size: 12, color: token("--ink-2") };
  const flat = given.meta?.horizontal;
  const axes = { xaxis: axis(given.xaxis, Boolean(flat)), yaxis: axis(given.yaxis, !flat) };
  for (const key of Object.keys(given)) if (/^[xy]axis\d+$/.test(key)) axes[key] = axis(given[key], key[0] === "y");
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font, margin: { l: 4, r: 8, t: 4, b: 4 }, autosize: true,
    colorway: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => token(`--chart-${n}`)), hovermode: "x unified", dragmode: false, bargap: 0.35,
    legend: { orientation: "h", x: 0, y: 1.02, xanchor: "left", yanchor: "bottom", font: { size: 12, color: token("--ink-2") } },
    hoverlabel: { bgcolor: token("--surface-raised"), bordercolor: token("--line-strong"), font: { ...font, color: token("--ink") } },
    ...given, ...axes, // and no `transition`, not even one of no duration: with it a change of an axis is drawn several times over
  };
}

/** Show other data on a chart that stands. */
export const redraw = (plot, data, given) => window.Plotly.react(plot, dressed(data), layout(given), settings());
const settings = (more) => ({ displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, locale: document.documentElement.lang.startsWith("zh") ? "zh-CN" : "en", ...more });

function draw(block) {
  const plot = block.querySelector("[data-plot]");
  const figure = dressed(json(block.querySelector("[data-figure]")));
  plot.querySelector(".wait")?.remove();
  return window.Plotly.react(plot, figure.data, layout(figure.layout), settings(figure.config)).then(() => {
    if (plot.dataset.wired) return;
    plot.dataset.wired = "1";
    plot.on("plotly_click", (event) => {
      const url = event.points[0]?.customdata?.url ?? event.points[0]?.customdata;
      if (typeof url === "string" && url.startsWith("/")) location.assign(url);
    });
  });
}

/* Plotly ships English only in its bundle; what a date axis needs in Chinese is this. */
function localise() {
  const months = [..."一二三四五六七八九十"].map((n) => `${n}月`).concat("十一月", "十二月");
  const days = [..."日一二三四五六"];
  window.Plotly.register({
    moduleType: "locale", name: "zh-CN", dictionary: {},
    format: { days: days.map((d) => `星期${d}`), shortDays: days.map((d) => `周${d}`), months, shortMonths: months.map((_, i) => `${i + 1}月`), date: "%Y-%m-%d" },
  });
}

function tables(block) {
  const button = block.querySelector("[data-as-table]");
  button?.addEventListener("click", () => {
    const table = block.querySelector("[data-table]");
    const plot = block.querySelector("[data-plot]");
    const show = table.hidden;
    table.hidden = !show;
    plot.hidden = show;
    button.setAttribute("aria-expanded", String(show));
    button.textContent = show ? t("asChart") : t("asTable");
    if (!show && window.Plotly && plot.dataset.wired) window.Plotly.Plots.resize(plot);
  });
}

let loading = null;
let drawn = Promise.resolve();
const turn = () => new Promise((resolve) => { setTimeout(resolve); }); // whatever waits, a click or a comment, comes in between

/** What Plotly does for the first time it does slowly: axes without data first, so that no step of it holds the page up. */
async function begin() {
  const scratch = document.createElement("div");
  for (const given of [{ xaxis: { visible: false }, yaxis: { visible: false } }, { xaxis: { type: "date" } }]) {
    await turn();
    await window.Plotly.react(scratch, [], { width: 300, height: 200, ...given }, { displayModeBar: false });
  }
  window.Plotly.purge(scratch);
}

/** Plotly is large: it is fetched when the first chart comes near, or sooner by a page that has time, and nothing waits for it. */
export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.querySelector("script[data-plotly]").dataset.plotly;
    script.addEventListener("load", () => {
      localise();
      resolve(begin());
    });
    script.addEventListener("error", () => reject(new Error(t("failed"))));
    document.head.append(script);
  });
  return loading;
}

async function bring(block) {
  try {
    await plotly();
    await (drawn = drawn.catch(() => null).then(turn).then(() => draw(block))); // one in a turn
  } catch (error) {
    const wait = block.querySelector(".wait");
    if (wait) wait.textContent = error.message;
  }
}

const blocks = [...document.querySelectorAll("[data-chart]")].filter((block) => block.querySelector("[data-figure]"));
for (const block of blocks) tables(block);
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    bring(entry.target);
  }
}, { rootMargin: "200px" });
for (const block of blocks) seen.observe(block);
document.addEventListener("panel:skin", () => { for (const block of blocks) if (block.querySelector("[data-wired]")) draw(block); });
window.addEventListener("beforeprint", () => { if (window.Plotly) for (const block of blocks) draw(block); });
