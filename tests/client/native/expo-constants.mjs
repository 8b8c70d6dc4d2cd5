export default { expoConfig: { scheme: "myapp" }, platform: {} };
