// The application's own data, from its own routes.
import { line } from "../lines.js";
import { $, ask, attempt, onSubmit, watch } from "../page.js";

const card = $("notes");

watch(async (found) => {
  card.hidden = !found;
  $("note-list").replaceChildren(...(found ? await ask("/notes") : []).map(listed));
});

const listed = ({ id, text }) => line(text, { Remove: () => attempt(
  card, () => ask(`/notes/${id}`, undefined, "DELETE"), "Removed.",
) });

onSubmit("write", ({ text }, form) => attempt(card, async () => {
  await ask("/notes", { text });
  form.reset();
}, "Noted."));
