// A built application: no host, two slashes.
export const createURL = (path, { scheme = "myapp" } = {}) => encodeURI(`${scheme}://${path.replace(/^\//, "")}`);
