// The page where people come in, and where they are then.
import { sayWhy, show } from "../page.js";
import { ASKED, comingIn } from "./coming-in.js";
import "./invitation.js";
import "./redeem.js";
import "./second-factor.js";
import "./member.js";
import "./notes.js";
import "./sign-in.js";

await show();
const [again, isNew] = comingIn.lacksSecondFactor ? [ASKED, ASKED] : ["Welcome back!", "Welcome!"];
sayWhy(document.querySelector(".card:not([hidden])"), { again, new: isNew, deleted: "The account is gone." });
