// Passkeys: the browser makes them, and asks for a finger, a face or a PIN when they are used.
import { line } from "../lines.js";
import { $, attempt, call, onSubmit, watch } from "../page.js";

const card = $("passkeys");

watch(async () => {
  const passkeys = await call("/passkey/list-user-passkeys");
  $("passkey-list").replaceChildren(...passkeys.map(({ id, name }) => line(name ?? "Passkey", { Remove: () => attempt(
    card, () => call("/passkey/delete-passkey", { id }), "It signs nobody in any more.",
  ) })));
});

onSubmit("add-passkey", ({ name }, form) => attempt(card, async () => {
  const options = await call("/passkey/generate-register-options");
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const made = await navigator.credentials.create({ publicKey });
  await call("/passkey/verify-registration", { response: made.toJSON(), name });
  form.reset();
}, "From now on it is a way to sign in."));
