// A session that somebody handed over: the token behind `#`, good once.
import { $, attempt, call, onClick, watch } from "../page.js";
import { comingIn } from "./coming-in.js";

watch(() => { $("redeem").hidden = !comingIn.token; });

onClick("redeem-button", () => {
  const { token } = comingIn;
  comingIn.token = null;
  attempt($("redeem"), () => call("/one-time-token/verify", { token }), "This browser has the session now.");
});
