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
