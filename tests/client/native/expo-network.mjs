export const addNetworkStateListener = () => ({ remove() {} });
