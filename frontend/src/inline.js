// Facts that are edited in their place: F2 opens one as Enter does, Esc leaves it, and what is refused stays with what
// was typed. Without this script a fact opens as a page of its own.
const factOf = (element) => element?.closest?.("[data-fact]");

document.addEventListener("keydown", (event) => {
  const fact = event.isComposing ? null : factOf(event.target);
  const wanted = fact && { F2: "[data-fact-edit]", Escape: "[data-fact-cancel]" }[event.key];
  const link = wanted && fact.querySelector(wanted);
  if (!link) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  link.click();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!factOf(event.detail.target) || ![409, 422].includes(event.detail.xhr.status)) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

document.addEventListener("htmx:afterSwap", (event) => {
  const fact = factOf(event.detail.target);
  fact?.querySelector(".input, input[type=checkbox], [data-fact-edit]")?.focus();
});
