/* The bar of a rights check; when it is over the page is loaded anew and shows the result. */
import { ask } from "./dom.js";

const box = document.querySelector("[data-rights-progress]");
const bar = box.querySelector("progress");

async function look() {
  try {
    const news = await ask(box.dataset.url);
    if (!news.alive) {
      location.reload();
      return;
    }
    box.querySelector("[data-label]").textContent = news.label;
    bar.max = news.total || 1;
    bar.value = news.done;
  } catch {
    // the server is away for a moment: the next round asks again
  }
  setTimeout(look, 2000);
}

look();
