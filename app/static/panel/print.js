/* The page on paper: its one button. */
document.querySelector("[data-print]").addEventListener("click", () => window.print());
