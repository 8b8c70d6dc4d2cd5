// A line of a list, and a button for each thing that can be done about it; who may not do it has none.
export function line(text, verbs = {}) {
  const item = document.createElement("li");
  item.append(text);
  const buttons = document.createElement("span");
  buttons.className = "verbs";
  for (const [verb, action] of Object.entries(verbs)) if (action) buttons.append(button(verb, text, action));
  if (buttons.hasChildNodes()) item.append(buttons);
  return item;
}

function button(verb, text, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = verb;
  made.ariaLabel = `${verb} ${text}`;
  made.addEventListener("click", action);
  return made;
}
