// The reference on the benchmark's database: served by Node's http, or called in process.
//   node reference.mjs serve PORT DB    |    node reference.mjs calls N DB COOKIE
import http from "node:http";
import { betterAuth } from "better-auth";
import { toNodeHandler } from "better-auth/node";
import Database from "better-sqlite3";

process.env.NODE_ENV = "production";
const [, , mode, number, file, cookie] = process.argv;
const database = new Database(file);
database.pragma("journal_mode = WAL");
const auth = betterAuth({
  baseURL: "http://localhost:3000",
  secret: process.env.BETTER_AUTH_SECRET,
  database,
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
});

if (mode === "serve") {
  http.createServer(toNodeHandler(auth)).listen(Number(number), "127.0.0.1");
} else {
  const headers = new Headers({ cookie });
  for (let i = 0; i < 2000; i++) await auth.api.getSession({ headers });
  const start = process.cpuUsage();
  for (let i = 0; i < Number(number); i++) {
    if (!(await auth.api.getSession({ headers }))) throw new Error("no session");
  }
  const spent = process.cpuUsage(start);
  console.log((spent.user + spent.system) / Number(number));
}
