// A line of a list, and a button that does something about it.
export function line(text, verb, action) {
  const item = document.createElement("li");
  item.append(text);
  if (!action) return item;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = verb;
  button.ariaLabel = `${verb} ${text}`;
  button.addEventListener("click", action);
  item.append(button);
  return item;
}
