// The reference on a database that it shares with another server.
//
//   node shared_database.mjs --port 3100 --base-url http://localhost:3000 --secret S
//     --database FILE | postgresql://... | mysql://... [--cache compact|jwt|jwe] [--package better-auth-1.7.1] [--outbox FILE] [--passkeys]
//     [--siwe DOMAIN] [--devices] [--custom-sessions]
//
// It migrates the database first. Packages are those of tests/reference.
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
    database: { type: "string" },
    cache: { type: "string" },
    package: { type: "string", default: "better-auth" },
    outbox: { type: "string" },
    passkeys: { type: "boolean" },
    siwe: { type: "string" },
    devices: { type: "boolean" },
    "custom-sessions": { type: "boolean" },
  },
});

async function open(address) {
  if (address.startsWith("postgresql:")) {
    const { default: pg } = await load("pg");
    return new pg.Pool({ connectionString: address });
  }
  if (address.startsWith("mysql:")) {
    const { createPool } = await load("mysql2/promise");
    return createPool({ uri: address, timezone: "Z" });
  }
  const { default: Database } = await load("better-sqlite3");
  const file = new Database(address);
  file.pragma("busy_timeout = 10000");
  return file;
}

const { betterAuth } = await load(given.package);
const { toNodeHandler } = await load(`${given.package}/node`);
const { getMigrations } = await load(`${given.package}/db/migration`);
// With --outbox FILE there are the plugins two-factor, username and phone-number; codes that they
// send go there, one a line. With --passkeys: passkey. With --siwe DOMAIN: siwe, which takes any signature.
// With --devices: device-authorization and bearer. With --custom-sessions: multi-session and custom-session.
async function plugins() {
  if (given.passkeys) {
    const { passkey } = await load("@better-auth/passkey");
    return [passkey()];
  }
  if (given.siwe) {
    const { siwe } = await load(`${given.package}/plugins`);
    const { randomBytes } = await import("node:crypto");
    const getNonce = async () => randomBytes(12).toString("hex");
    return [siwe({ domain: given.siwe, getNonce, verifyMessage: async () => true })];
  }
  if (given["custom-sessions"]) {
    const { customSession, multiSession } = await load(`${given.package}/plugins`);
    const shape = async ({ user, session }) => ({ who: user.name, until: session.expiresAt, user });
    return [multiSession(), customSession(shape, {}, { shouldMutateListDeviceSessionsEndpoint: true })];
  }
  if (given.devices) {
    const { bearer, deviceAuthorization } = await load(`${given.package}/plugins`);
    return [deviceAuthorization(), bearer()];
  }
  if (!given.outbox) return [];
  const { phoneNumber, twoFactor, username } = await load(`${given.package}/plugins`);
  const { appendFileSync } = await import("node:fs");
  const sendOTP = async ({ user, otp }) => appendFileSync(given.outbox, `${user.email} ${otp}\n`);
  const text = ({ phoneNumber: to, code }) => appendFileSync(given.outbox, `${to} ${code}\n`);
  const phones = phoneNumber({
    sendOTP: text,
    sendPasswordResetOTP: text,
    requireVerification: true,
    signUpOnVerification: { getTempEmail: (number) => `${number.slice(1)}@phone.example.com` },
  });
  return [twoFactor({ otpOptions: { sendOTP } }), username(), phones];
}

const options = {
  plugins: await plugins(),
  baseURL: given["base-url"],
  secret: given.secret,
  database: await open(given.database),
  telemetry: { enabled: false },
  logger: { disabled: true },
  emailAndPassword: { enabled: true },
  session: given.cache ? { cookieCache: { enabled: true, strategy: given.cache } } : {},
  rateLimit: { enabled: false },
};
await (await getMigrations(options)).runMigrations();
const handler = toNodeHandler(betterAuth(options));
const server = http.createServer((request, response) => {
  if (request.url === "/__health") response.end("{}");
  else handler(request, response);
});
server.listen(Number(given.port), "127.0.0.1");
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
