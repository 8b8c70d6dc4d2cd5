// The reference on a Redis and a SQLite file that it shares with another server.
//
//   node shared_redis.mjs --port 3100 --base-url http://localhost:3000 --secret S --db FILE
//     --redis redis://127.0.0.1:6379 --prefix P [--sessions-in-database] [--verifications-in-database]
//     [--limit N] [--update-age SECONDS]
//
// The prefix "default" leaves it to the official storage. Packages are those of tests/reference.
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
    db: { type: "string" },
    redis: { type: "string" },
    prefix: { type: "string" },
    limit: { type: "string" },
    "update-age": { type: "string", default: "86400" },
    "sessions-in-database": { type: "boolean", default: false },
    "verifications-in-database": { type: "boolean", default: false },
  },
});

const { betterAuth } = await load("better-auth");
const { toNodeHandler } = await load("better-auth/node");
const { oneTimeToken } = await load("better-auth/plugins");
const { redisStorage } = await load("@better-auth/redis-storage");
const { Redis } = await load("ioredis");
const { default: Database } = await load("better-sqlite3");

const client = new Redis(given.redis);
const prefixed = given.prefix === "default" ? {} : { keyPrefix: given.prefix };
const auth = betterAuth({
  baseURL: given["base-url"],
  secret: given.secret,
  database: new Database(given.db),
  secondaryStorage: redisStorage({ client, ...prefixed }),
  telemetry: { enabled: false },
  logger: { disabled: true },
  emailAndPassword: { enabled: true },
  session: {
    storeSessionInDatabase: given["sessions-in-database"],
    updateAge: Number(given["update-age"]),
  },
  verification: { storeInDatabase: given["verifications-in-database"] },
  rateLimit: { enabled: Boolean(given.limit), window: 60, max: Number(given.limit ?? 100) },
  plugins: [oneTimeToken()],
});
const handler = toNodeHandler(auth);
const server = http.createServer((request, response) => {
  if (request.url === "/__health") response.end("{}");
  else handler(request, response);
});
server.listen(Number(given.port), "127.0.0.1");
process.on("SIGTERM", () => {
  client.disconnect();
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
