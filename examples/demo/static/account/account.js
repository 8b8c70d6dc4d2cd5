// The page where somebody who is signed in looks after the account.
import { $, sayWhy, show } from "../page.js";
import "./members-only.js";
import "./ways.js";
import "./passkeys.js";
import "./two-factor.js";
import "./handover.js";
import "./danger.js";

await show();
sayWhy($("ways"), { linked: "Demo ID is a way to sign in now." });
