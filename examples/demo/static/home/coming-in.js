// What stands between somebody and a session: a token to redeem, a second factor to give.
import { fragment, query } from "../page.js";

export const comingIn = {
  token: fragment.get("token"),
  // A link or a provider that signs in comes back with it, if a second factor is wanted.
  lacksSecondFactor: query.get("twoFactorRedirect") === "true",
};

// Guests may still say who they are.
export const isMember = (found) => Boolean(found) && !found.user.isAnonymous;

export const ASKED = "That was right. Now the second factor.";

// The answer of whatever signs in: is it a session yet?
export function isIn(answer) {
  comingIn.lacksSecondFactor = Boolean(answer.twoFactorRedirect);
  return !comingIn.lacksSecondFactor;
}
