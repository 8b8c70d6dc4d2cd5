// The reference without a database, with a provider whose answers are made up here.
//
//   node account_cookie.mjs --port 3100 --base-url http://localhost:3000 --secret S --token T
//
// The first access token is T; each renewal puts a "+" behind access and refresh token.
import http from "node:http";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

process.env.BETTER_AUTH_TELEMETRY = "0";
const home = createRequire(new URL("../reference/package.json", import.meta.url));
const load = (name) => import(pathToFileURL(home.resolve(name)).href);

const { values: given } = parseArgs({
  options: {
    port: { type: "string" },
    "base-url": { type: "string" },
    secret: { type: "string" },
    token: { type: "string" },
  },
});

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const claims = { sub: "g-1", name: "Ada", email: "ada@example.com", email_verified: true };
let access = given.token;
globalThis.fetch = async (url, options) => {
  const form = new URLSearchParams(String(options?.body ?? ""));
  const renewing = form.get("grant_type") === "refresh_token";
  access = renewing ? `${access}+` : given.token;
  const answer = {
    access_token: access,
    refresh_token: renewing ? `${form.get("refresh_token")}+` : "refresh",
    expires_in: 3600,
    id_token: [part({ alg: "RS256" }), part(claims), "c2ln"].join("."),
  };
  return new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } });
};

const { betterAuth } = await load("better-auth");
const { toNodeHandler } = await load("better-auth/node");
const handler = toNodeHandler(
  betterAuth({
    baseURL: given["base-url"],
    secret: given.secret,
    telemetry: { enabled: false },
    logger: { disabled: true },
    account: { encryptOAuthTokens: true },
    socialProviders: { google: { clientId: "client", clientSecret: "secret" } },
    rateLimit: { enabled: false },
  }),
);
const server = http.createServer((request, response) => {
  if (request.url === "/__health") response.end("{}");
  else handler(request, response);
});
server.listen(Number(given.port), "127.0.0.1");
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
