/* The API's own page: Swagger's script is told where the description is, and sends our CSRF token. */
const box = document.getElementById("swagger-ui");
window.SwaggerUIBundle({
  url: box.dataset.document,
  domNode: box,
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  requestInterceptor: (request) => {
    if (request.method !== "GET") request.headers["X-CSRFToken"] = box.dataset.csrf;
    return request;
  },
});

/* Swagger leaves its list of servers without a name. */
new MutationObserver(() => {
  for (const select of box.querySelectorAll("select:not([aria-label])")) select.setAttribute("aria-label", box.dataset.servers);
}).observe(box, { childList: true, subtree: true });
