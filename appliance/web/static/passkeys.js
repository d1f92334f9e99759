// Passkeys: takes the box's question to the browser and its answer back, by the page's own form.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function asked(json) {
  const options = JSON.parse(json);
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    options[list] = (options[list] ?? []).map((each) => ({ ...each, id: bytes(each.id) }));
  }
  return options;
}

// What the box reads of an answer, in the standard's own JSON.
function told({ id, rawId, type, response, authenticatorAttachment }) {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const given = parts.filter((name) => response[name]).map((name) => [name, text(response[name])]);
  return JSON.stringify({ id, rawId: text(rawId), type, authenticatorAttachment, clientExtensionResults: {}, response: Object.fromEntries(given) });
}

async function show(form) {
  const [notice, publicKey] = [form.parentElement.querySelector(":scope > [role=alert]"), asked(form.dataset.options)];
  notice.hidden = true;
  try {
    const shown = form.dataset.passkey === "create" ? await navigator.credentials.create({ publicKey }) : await navigator.credentials.get({ publicKey });
    form.elements.answer.value = told(shown);
    form.submit();
  } catch {
    notice.hidden = false;
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.parentElement.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(form);
  });
}

// A decision asks for a code; whoever has a passkey for this name of the box shows that instead, in the same field.
// The question is fetched ahead, for some browsers show no passkey long after a click; it serves once, and not for long.
const FRESH_MS = 240000;
let question = "";
let askedAt = 0;
async function fetchQuestion() {
  const asking = fetch("/account/passkey-question", { headers: { "X-Enamel-Background": "1" } });
  question = await asking.then((answer) => (answer.ok ? answer.text() : "")).catch(() => ""); // a page that is left reads no further
  askedAt = Date.now();
}
async function takeQuestion() {
  if (!question || Date.now() - askedAt > FRESH_MS) await fetchQuestion();
  const mine = question;
  question = "";
  return mine;
}

// What is decided is decided by its own button: the passkey only fills the field in, as typing a code does.
async function prove(button) {
  const part = button.closest(".proof");
  const [code, done, notice] = ["input", "[role=status]", "[role=alert]"].map((each) => part.querySelector(each));
  notice.hidden = true;
  try {
    const shown = await navigator.credentials.get({ publicKey: asked(await takeQuestion()) });
    code.form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "code", value: told(shown) }));
    Object.assign(code, { name: "", required: false, readOnly: true, value: "" });
    code.placeholder = "\u2713";
    button.hidden = true;
    done.hidden = false;
    [...code.form.elements].find((each) => each.type === "submit")?.focus();
  } catch {
    notice.hidden = false;
  }
}

const PROOF = "[data-proof]";
if (window.PublicKeyCredential && document.querySelector(PROOF)) {
  await fetchQuestion();
  const offer = () => {
    document.querySelectorAll(PROOF).forEach((button) => { button.hidden = false; });
    document.querySelectorAll("[data-no-passkey]").forEach((each) => { each.hidden = true; });
  };
  if (question.includes("challenge")) {
    offer();
    document.addEventListener("swapped", offer);
  }
  document.addEventListener("click", ({ target }) => {
    const button = target.closest(PROOF);
    if (button) prove(button);
  });
}
