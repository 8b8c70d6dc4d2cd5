// The application's own data, from its own routes.
import { $, ask, attempt, onSubmit, watch } from "../page.js";

const card = $("notes");

watch(async (found) => {
  card.hidden = !found;
  $("note-list").replaceChildren(...(found ? await ask("/notes") : []).map(listed));
});

function listed({ id, text }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Remove";
  button.ariaLabel = `Remove ${text}`;
  button.addEventListener("click", () => attempt(card, () => ask(`/notes/${id}`, undefined, "DELETE"), "Removed."));
  item.append(text, button);
  return item;
}

onSubmit("write", ({ text }, form) => attempt(card, async () => {
  await ask("/notes", { text });
  form.reset();
}, "Noted."));
