// The reference with its OAuth proxy, as production or as a preview of another server.
//
//   node oauth_proxy.mjs --port 3100 --secret S --shared S --production http://localhost:3000
//     --trusted http://localhost:3200 --provider http://127.0.0.1:3300 [--strategy cookie]
//
// Google is the fake provider of tests/reference.
import http from "node:http";
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

process.env.BETTER_AUTH_TELEMETRY = "0";
const home = createRequire(new URL("../reference/package.json", import.meta.url));
const load = (name) => import(pathToFileURL(home.resolve(name)).href);

const { values: given } = parseArgs({
  options: Object.fromEntries(
    ["port", "secret", "shared", "production", "trusted", "provider", "strategy"].map((name) => [
      name,
      { type: "string" },
    ]),
  ),
});

const send = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  const asked = `${given.provider}/${url.host}${url.pathname}${url.search}`;
  return send(input instanceof Request ? new Request(asked, input) : asked, init);
};

const { betterAuth } = await load("better-auth");
const { oAuthProxy } = await load("better-auth/plugins");
const { toNodeHandler } = await load("better-auth/node");
const { getMigrations } = await load("better-auth/db/migration");
const { default: Database } = await load("better-sqlite3");
const options = {
  baseURL: `http://localhost:${given.port}`,
  secret: given.secret,
  database: new Database(":memory:"),
  telemetry: { enabled: false },
  logger: { disabled: true },
  trustedOrigins: [given.trusted],
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  account: given.strategy ? { storeStateStrategy: given.strategy } : {},
  socialProviders: { google: { clientId: "google-client", clientSecret: "google-secret" } },
  plugins: [oAuthProxy({ productionURL: given.production, secret: given.shared })],
};
await (await getMigrations(options)).runMigrations();
const handler = toNodeHandler(betterAuth(options));
const server = http.createServer((request, response) => {
  if (request.url === "/__health") response.end("{}");
  else handler(request, response);
});
server.listen(Number(given.port), "127.0.0.1");
