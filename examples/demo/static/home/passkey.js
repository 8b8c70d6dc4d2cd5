// Signing in with a passkey: the browser offers those that it has for this site.
import { call } from "../page.js";

export async function usePasskey() {
  const options = await call("/passkey/generate-authenticate-options");
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const given = await navigator.credentials.get({ publicKey });
  return call("/passkey/verify-authentication", { response: given.toJSON() });
}
