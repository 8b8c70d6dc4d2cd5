// Who is signed out meanwhile, here or elsewhere, is a visitor again.
import { goTo, watch } from "../page.js";

watch((found) => found ?? goTo("/"));
