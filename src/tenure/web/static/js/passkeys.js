// Passkeys: asks the browser for one and sends what it says with the form. It holds no words: they are in the page.
// Forms with data-passkey are shown only where the browser can and the address has a name: a number alone cannot have one.
const able = Boolean(window.PublicKeyCredential) && /[a-z]/i.test(location.hostname) && !location.hostname.includes(":");

async function options(form) {
  if (form.dataset.passkey !== "enter") return JSON.parse(document.getElementById("js_data").textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.json();
}

async function credential(form) {
  const given = await options(form);
  if (form.dataset.passkey !== "create") return window.webauthnJSON.get(given.request_options);
  Object.assign(given.creation_options.publicKey.authenticatorSelection, {
    residentKey: "required", requireResidentKey: true, userVerification: "required",
  });
  return window.webauthnJSON.create(given.creation_options);
}

for (const hint of document.querySelectorAll("[data-passkey-unable]")) hint.hidden = able;
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !able;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = form.querySelector("[data-passkey-problem]");
    problem.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify(await credential(form));
      form.submit();
    } catch {
      problem.hidden = false;
    }
  });
}
