// Makes a passkey, or signs with one, for a form marked data-passkey: asks the server for the question at
// data-question, lets the browser answer it, and sends the form with the answer. Pages without it have other ways in.
"use strict";

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const known = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

const make = async (question) => {
  const made = await navigator.credentials.create({
    publicKey: {
      ...question,
      challenge: bytes(question.challenge),
      user: { ...question.user, id: bytes(question.user.id) },
      excludeCredentials: known(question.excludeCredentials),
    },
  });
  return written(made, {
    attestationObject: text(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
  });
};

const sign = async (question) => {
  const signed = await navigator.credentials.get({
    publicKey: { ...question, challenge: bytes(question.challenge), allowCredentials: known(question.allowCredentials) },
  });
  const handle = signed.response.userHandle;
  return written(signed, {
    authenticatorData: text(signed.response.authenticatorData),
    signature: text(signed.response.signature),
    userHandle: handle ? text(handle) : null,
  });
};

const written = (credential, response) =>
  JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: {},
    response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
  });

const answer = async (form) => {
  const reply = await fetch(form.dataset.question, { method: "POST" });
  if (!reply.ok) throw new Error(`The question was refused: ${reply.status}`);
  const question = await reply.json();
  return form.dataset.passkey === "make" ? make(question) : sign(question);
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const failed = form.querySelector("[data-failed]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.replaceChildren();
    try {
      form.elements.answer.value = await answer(form);
    } catch {
      // Browsers do not tell whether somebody changed their mind or has no passkey here.
      failed.append(form.querySelector("template").content.cloneNode(true));
      return;
    }
    form.submit();
  });
}
