/* Passkeys: what the server asks goes to the browser, what the browser answers goes back with the form. */

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const described = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

async function asked(url, form) {
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
  const answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function plain(credential) {
  const { response } = credential;
  const found = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) found[name] = text(response[name]);
  }
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response: found });
}

async function signed(url, form) {
  const options = await asked(url, form);
  options.challenge = bytes(options.challenge);
  options.allowCredentials = described(options.allowCredentials);
  return navigator.credentials.get({ publicKey: options });
}

async function made(url, form) {
  const options = await asked(url, form);
  options.challenge = bytes(options.challenge);
  options.user.id = bytes(options.user.id);
  options.excludeCredentials = described(options.excludeCredentials);
  return navigator.credentials.create({ publicKey: options });
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const form = button.closest("form");
    if ("making" in button.dataset && !form.reportValidity()) return;
    button.disabled = true;
    try {
      const credential = await ("making" in button.dataset ? made : signed)(button.dataset.passkey, form);
      form.elements.answer.value = plain(credential);
      form.submit();
    } catch {
      button.disabled = false;  // the person said no, or there is none here: the code field is still there
      document.querySelector("[data-passkey-failed]")?.removeAttribute("hidden");
    }
  });
}
