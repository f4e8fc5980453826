/* What was held back until somebody had shown who he is goes on by itself. */
document.querySelector("[data-go-on]").requestSubmit();
