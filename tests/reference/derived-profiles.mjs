// Profiles of our own for the reference: `social` with options that the fixed ones leave alone.
// They are no part of the contract in PROFILES.md; our server has the same in tests/conformance/social.py.
import { buildOptions as fixed } from "./profiles.mjs";

const DERIVED = { "social-open": open, "social-closed": closed, "social-explicit": explicit };

export const buildOptions = (name, env) => (name in DERIVED ? DERIVED[name](fixed("social", env)) : fixed(name, env));

// Flows in cookies, plain tokens, linking as free as it gets; one more provider, which posts a form.
function open(o) {
  o.account = {
    storeStateStrategy: "cookie",
    accountLinking: {
      enabled: true,
      requireLocalEmailVerified: false,
      allowDifferentEmails: true,
      updateUserInfoOnLink: true,
      allowUnlinkingAll: true,
    },
  };
  o.socialProviders.apple = { clientId: "apple-client", clientSecret: "apple-secret" };
  o.socialProviders.google.overrideUserInfoOnSignIn = true;
  o.socialProviders.github.mapProfileToUser = (p) => ({ nickname: p.login, tier: "gold" });
  o.socialProviders.discord = {
    clientId: "discord-client",
    clientSecret: "discord-secret",
    requireEmailVerification: true,
  };
  o.user.validateUserInfo = ({ user }) =>
    user.email?.startsWith("barred") ? { error: "user_is_barred", errorDescription: "Ask us first" } : undefined;
  return o;
}

// No linking, no sign-up and no ID tokens with Google, any browser may finish a flow, an error page elsewhere.
function closed(o) {
  o.account = {
    accountLinking: { enabled: false, trustedProviders: ["google"] },
    updateAccountOnSignIn: false,
    skipStateCookieCheck: true,
  };
  Object.assign(o.socialProviders.google, { disableSignUp: true, disableIdTokenSignIn: true });
  o.onAPIError = { errorURL: "https://app.trusted.example/failed?from=sign-in" };
  return o;
}

// Signing in never joins accounts.
function explicit(o) {
  o.account.accountLinking.disableImplicitLinking = true;
  return o;
}
