// Visitors with the official client, each request going to any of several servers. When a server dies,
// they go on with another. Every answer that promises something is printed as a line of JSON:
//   {"signedUp": email}   {"revoked": cookie}   {"violation": text}   {"done": true}
//
//   node load.mjs VISITORS ROUNDS SERVER SERVER...
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const home = createRequire(new URL("../client/package.json", import.meta.url));
const { createAuthClient } = await import(pathToFileURL(home.resolve("better-auth/client")).href);

const ORIGIN = "http://auth.example";
const [visitors, rounds, ...servers] = process.argv.slice(2);
const SESSION = "better-auth.session_token";
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
let turn = 0;

function browser(cookie) {
  const jar = new Map(cookie ? [[SESSION, cookie]] : []);
  async function customFetchImpl(input, init = {}) {
    const url = new URL(typeof input === "string" ? input : (input.url ?? input.href));
    const headers = new Headers(init.headers);
    headers.set("origin", ORIGIN);
    if (jar.size) headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    const server = servers[turn++ % servers.length];
    const response = await fetch(server + url.pathname + url.search, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split("; ");
      const name = pair.slice(0, pair.indexOf("="));
      if (attributes.includes("Max-Age=0")) jar.delete(name);
      else jar.set(name, pair.slice(pair.indexOf("=") + 1));
    }
    return response;
  }
  const client = createAuthClient({ baseURL: ORIGIN, fetchOptions: { customFetchImpl } });
  return { client, jar };
}

// Until it is answered: a server that is gone, or on its way, is no answer.
async function answered(call) {
  for (let tries = 0; tries < 400; tries++) {
    try {
      const { data, error } = await call();
      if (!error || (error.status > 0 && error.status < 500)) return { data, error };
    } catch {
      // the connection broke: whether it was done is not known
    }
    await pause(25);
  }
  throw new Error("no server answers");
}

async function visit(visitor) {
  for (let round = 0; round < Number(rounds); round++) {
    const person = { name: "Ada", email: `v${visitor}.${round}@example.com`, password: "correct horse" };
    const { client, jar } = browser();
    const made = await answered(() => client.signUp.email(person));
    if (made.error?.code === "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL") {
      // done by a server that died before it could say so
      await answered(() => client.signIn.email(person));
    } else if (made.error) say({ violation: `sign-up: ${JSON.stringify(made.error)}` });
    say({ signedUp: person.email });
    const seen = await answered(() => client.getSession());
    if (seen.data?.user.email !== person.email) say({ violation: `no session after ${person.email}` });
    const cookie = jar.get(SESSION);
    await answered(() => client.signOut());
    say({ revoked: cookie });
    for (const _ of servers) {
      const after = await answered(() => browser(cookie).client.getSession());
      if (after.data) say({ violation: `a revoked session of ${person.email} was accepted` });
    }
  }
}

await Promise.all([...Array(Number(visitors)).keys()].map(visit));
say({ done: true });
