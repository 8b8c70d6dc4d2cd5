// All ways in.
import { $, attempt, call, leave, onClick, onSubmit, watch } from "../page.js";
import { ASKED, comingIn, isIn, isMember } from "./coming-in.js";
import { usePasskey } from "./passkey.js";

const card = $("sign-in");
const form = $("credentials");
const WELCOME = "Welcome!", WELCOME_BACK = "Welcome back!";

watch((found) => {
  card.hidden = isMember(found) || Boolean(comingIn.token) || comingIn.lacksSecondFactor;
  $("guest").hidden = Boolean(found);
});

// Whatever signs in says what is wanted next.
const enter = (work, welcome) => attempt(card, work, (answer) => (isIn(answer) ? welcome : ASKED));

function choose(mode) {
  form.elements.mode.value = mode;
  $("name-row").hidden = mode === "sign-in";
  $("enter").textContent = mode === "sign-in" ? "Sign in" : "Sign up";
}

for (const radio of form.elements.mode) radio.addEventListener("change", () => choose(form.elements.mode.value));

onSubmit("credentials", ({ mode, name, email, password }) => enter(async () => {
  const answer = mode === "sign-up"
    ? await call("/sign-up/email", { name, email, password })
    : await call("/sign-in/email", { email, password });
  $("password").value = "";
  choose("sign-in"); // whoever comes back is not new
  return answer;
}, mode === "sign-up" ? WELCOME : WELCOME_BACK));

onClick("try", () => enter(() => call("/sign-in/anonymous", {}), "Look around. Your notes will wait for you."));

onClick("use-passkey", () => enter(usePasskey, WELCOME_BACK));

onClick("continue", () => leave(card, "/sign-in/social", {
  callbackURL: "/?said=again", newUserCallbackURL: "/?said=new", errorCallbackURL: "/",
}));

// The address alone is enough here: whoever reads the mail is its owner.
const who = () => ({ name: $("name").value, email: $("email").value });

onClick("mail-link", () => attempt(
  card,
  () => call("/sign-in/magic-link", { ...who(), callbackURL: "/" }),
  "A link is on its way to the mailbox.",
));

onClick("mail-code", () => attempt(card, async () => {
  await call("/email-otp/send-verification-otp", { email: who().email, type: "sign-in" });
  $("mailed-code").hidden = false;
}, "A code is on its way to the mailbox."));

onSubmit("mailed-code", ({ otp }, given) => enter(async () => {
  const answer = await call("/sign-in/email-otp", { ...who(), otp });
  given.reset();
  given.hidden = true;
  return answer;
}, WELCOME));
