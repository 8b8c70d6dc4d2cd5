(() => {
  const button = document.getElementById("passkey");
  const status = document.getElementById("passkey-status");
  const read = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;
  if (!button || !read) return;
  const { begin, end, next, waiting, failed } = button.dataset;
  document.getElementById("passkey-way").hidden = false;

  const asked = async (url, body) => {
    const sent = body && { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    const answer = await fetch(url, { credentials: "same-origin", ...sent });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.message || failed);
    return told;
  };

  button.addEventListener("click", async () => {
    button.disabled = true;
    status.textContent = waiting;
    try {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await asked(begin));
      const response = (await navigator.credentials.get({ publicKey })).toJSON();
      const { twoFactorRedirect, twoFactorMethods } = await asked(end, { response });
      const to = new URL(next, location.href);
      if (twoFactorRedirect) {
        to.searchParams.set("twoFactorRedirect", "true");
        to.searchParams.set("twoFactorMethods", (twoFactorMethods || []).join(","));
      }
      location.assign(to);
    } catch (error) {
      // What browsers say of a passkey is in their own words, and in English.
      status.textContent = error instanceof DOMException ? failed : error.message;
      button.disabled = false;
    }
  });
})();
