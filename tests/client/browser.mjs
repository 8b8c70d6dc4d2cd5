// A browser for the official client: fetch with a cookie jar and an Origin, as a page would send them.
import { createAuthClient } from "better-auth/client";
import { emailOTPClient, magicLinkClient, oneTimeTokenClient } from "better-auth/client/plugins";

export const origin = process.env.WATCHWORD_URL;

export function browser(more = []) {
  const jar = new Map();
  const calls = [];

  async function fetchWithCookies(input, init = {}) {
    const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
    const headers = new Headers(init.headers);
    headers.set("origin", origin);
    if (jar.size) headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split("; ");
      const name = pair.slice(0, pair.indexOf("="));
      if (attributes.includes("Max-Age=0")) jar.delete(name);
      else jar.set(name, pair.slice(pair.indexOf("=") + 1));
    }
    calls.push({ method: init.method ?? "GET", path: new URL(url).pathname, response });
    return response;
  }

  const client = createAuthClient({
    baseURL: origin,
    plugins: [emailOTPClient(), magicLinkClient(), oneTimeTokenClient(), ...more],
    fetchOptions: { customFetchImpl: fetchWithCookies },
  });
  // Where somebody comes by a link of another site.
  const visit = (url) => fetchWithCookies(url, { headers: {} });
  // What keeps this browser signed in: neither the hint how somebody signed in, nor other people's sessions.
  const kept = () => [...jar.keys()].filter((name) => !/last_used_login_method|_multi-/.test(name));
  return { client, jar, calls, visit, kept, send: fetchWithCookies };
}

let counter = 0;
export const someone = () => ({
  name: "Ada",
  email: `ada.${process.pid}.${counter++}@example.com`,
  password: "correct horse",
});

// The newest message of a kind to an address; mail goes out in the background.
export async function mail(kind, to) {
  for (const end = Date.now() + 5000; Date.now() < end; ) {
    const outbox = await (await fetch(`${origin}/__outbox`)).json();
    const found = outbox.findLast((message) => message.kind === kind && message.to === to);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no ${kind} to ${to}`);
}
