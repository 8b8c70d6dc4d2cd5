// Module hooks: the native modules that the published clients import, by the files that stand in for them.
const HERE = {
  "expo-constants": "./expo-constants.mjs",
  "expo-linking": "./expo-linking.mjs",
  "expo-network": "./expo-network.mjs",
  "expo-web-browser": "./expo-web-browser.mjs",
  "react-native": "./react-native.mjs",
  "@capacitor/app": "./capacitor.mjs",
  "@capacitor/core": "./capacitor.mjs",
  "@capacitor/network": "./capacitor.mjs",
  "@capacitor/preferences": "./capacitor.mjs",
};

export async function resolve(specifier, context, next) {
  const file = HERE[specifier];
  return file ? { url: new URL(file, import.meta.url).href, shortCircuit: true } : next(specifier, context);
}
