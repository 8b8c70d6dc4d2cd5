// All modules of Capacitor that the client imports.
import { openInSystemBrowser, preferences } from "./device.mjs";

export const Preferences = {
  get: async ({ key }) => ({ value: preferences.get(key) ?? null }),
  set: async ({ key, value }) => void preferences.set(key, value),
  remove: async ({ key }) => void preferences.delete(key),
};
const listening = { addListener: async () => ({ remove() {} }) };
export const App = listening;
export const Network = listening;
export const registerPlugin = () => ({
  async openAuthSession({ url, redirectScheme }) {
    const opened = await openInSystemBrowser(url, `${redirectScheme}:`);
    if (!opened) throw new Error("the session was dismissed");
    return { url: opened };
  },
});
