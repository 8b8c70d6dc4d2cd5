const find = document.getElementById("find");
const links = [...document.querySelectorAll("nav li")];

find.addEventListener("input", () => {
  const wanted = find.value.toLowerCase();
  for (const link of links) link.hidden = !link.textContent.toLowerCase().includes(wanted);
});

function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = target?.querySelector("details") ?? target;
  if (details instanceof HTMLDetailsElement) details.open = true;
}

addEventListener("hashchange", open);
open();
