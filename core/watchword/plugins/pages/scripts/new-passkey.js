(() => {
  const button = document.getElementById("new-passkey");
  const status = document.getElementById("new-passkey-status");
  const read = window.PublicKeyCredential && PublicKeyCredential.parseCreationOptionsFromJSON;
  if (!button || !read) return;
  const { begin, end, next, waiting, failed } = button.dataset;
  document.getElementById("without-script").hidden = true;
  document.getElementById("new-passkey-form").hidden = false;

  const asked = async (url, body) => {
    const sent = body && { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    const answer = await fetch(url, { credentials: "same-origin", ...sent });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.message || failed);
    return told;
  };

  button.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    status.textContent = waiting;
    try {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(await asked(begin));
      const response = (await navigator.credentials.create({ publicKey })).toJSON();
      await asked(end, { response, name: button.form.elements.name.value.trim() });
      location.assign(next);
    } catch (error) {
      // What browsers say of a passkey is in their own words, and in English.
      status.textContent = error instanceof DOMException ? failed : error.message;
      button.disabled = false;
    }
  });
})();
