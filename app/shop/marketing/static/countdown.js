// Counts the time down that a group has left; the server alone says when it is over.
const two = (n) => String(n).padStart(2, "0");
for (const box of document.querySelectorAll("[data-left]")) {
  const end = performance.now() + Number(box.dataset.left) * 1000;
  const timer = setInterval(() => {
    const left = Math.max(Math.ceil((end - performance.now()) / 1000), 0);
    box.textContent = left ? `${Math.floor(left / 3600)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}` : box.dataset.over;
    if (!left) clearInterval(timer);
  }, 1000);
}
