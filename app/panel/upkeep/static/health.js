/* The figures of the page, anew every five seconds while somebody looks at it; more seldom while the server does not answer.
   What is drawn anew between press and release takes the click with it: who presses keeps what stands there. */
const box = document.querySelector("[data-health]");
const SOON = 5000;
const LATER = 20000;

async function again() {
  let pause = SOON;
  if (!document.hidden) {
    try {
      const answer = await fetch(box.dataset.health, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const { html } = await answer.json();
      if (!box.matches(":active")) box.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    } catch {
      pause = LATER;
    }
  }
  window.setTimeout(again, pause);
}

window.setTimeout(again, SOON);
