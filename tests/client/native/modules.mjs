// Imported first: what applications import from a device comes from this folder then.
import { register } from "node:module";

register("./resolving.mjs", import.meta.url);
