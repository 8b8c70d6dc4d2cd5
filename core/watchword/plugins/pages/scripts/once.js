(() => {
  // A second click would send a form again, and what is good once would be refused.
  const free = (form) => delete form.dataset.sent;
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(free, 5000, form); // who went nowhere may try again
  });
  addEventListener("pageshow", () => document.querySelectorAll("form").forEach(free));
})();
