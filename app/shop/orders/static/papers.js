/* The print button of papers. */
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
