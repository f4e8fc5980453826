/* The print button of the host's cards. */
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
