// What cannot be undone takes a code by mail.
import { $, attempt, call, goTo, onClick, onSubmit } from "../page.js";

const card = $("danger");

onClick("ask-code", () => attempt(card, async () => {
  await call("/one-time-token/send-token", { type: "account-delete" });
  $("delete").hidden = false;
}, "A code is on its way to the mailbox."));

onSubmit("delete", ({ code }) => attempt(card, async () => {
  await call("/one-time-token/verify-token", { token: code, type: "account-delete" });
  await call("/delete-user", {});
  await goTo("/?said=deleted");
}, ""));
