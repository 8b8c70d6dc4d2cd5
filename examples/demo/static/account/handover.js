// A session for another browser. The token stands behind `#`, so it reaches no server log.
import { $, attempt, call, onClick } from "../page.js";

const card = $("token");

onClick("generate", () => attempt(card, async () => {
  const { token } = await call("/one-time-token/generate");
  $("link").value = `${location.origin}/#token=${encodeURIComponent(token)}`;
  $("link-box").hidden = false;
}, "The link is good once, for three minutes."));

onClick("copy", () => attempt(card, async () => {
  $("link").select();
  await navigator.clipboard.writeText($("link").value);
}, "Copied. Open it in a private window."));
