import { openInSystemBrowser } from "./device.mjs";

export async function openAuthSessionAsync(url, redirect) {
  const opened = await openInSystemBrowser(url, new URL(redirect).protocol);
  return opened ? { type: "success", url: opened } : { type: "dismiss" };
}
