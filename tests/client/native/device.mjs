// What is outside of an application: the system's browser, with cookies of its own, and the storage.
export const preferences = new Map();
export const system = { jar: new Map(), visited: [], person: {} };

// Follows redirects as a person does who agrees to everything; gives the deep link at the end, if there is one.
export async function openInSystemBrowser(url, scheme) {
  for (let hops = 0; hops < 10; hops++) {
    if (url.startsWith(scheme)) return url;
    system.visited.push(url);
    const { host } = new URL(url);
    const jar = system.jar.get(host) ?? system.jar.set(host, new Map()).get(host);
    const headers = {
      cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; "),
      "x-oracle-user": Buffer.from(JSON.stringify(system.person)).toString("base64url"),
    };
    const response = await fetch(url, { headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split("; ");
      const at = pair.indexOf("=");
      if (attributes.includes("Max-Age=0")) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const location = response.headers.get("location");
    if (!location) return null;
    url = location;
  }
  return null;
}

// fetch of a device: no Origin, no cookie jar; `calls` are the paths below the base path that it asked for.
export function recordingFetch() {
  const calls = [];
  const recorded = async (input, init) => {
    const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
    calls.push(new URL(url).pathname.replace("/api/auth", ""));
    return fetch(input, init);
  };
  return { calls, fetch: recorded };
}

// Waits until an application asks for nothing more, for at most two seconds.
export async function quiet(calls) {
  for (let before = -1, end = Date.now() + 2000; before !== calls.length && Date.now() < end; ) {
    before = calls.length;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
