// Cards that are dragged to another stage: dropping one presses the button of its own menu, which works without this.
let carried = null; // the card

const columnOf = (event) => carried && event.target.closest?.("[data-stage]");
const buttonFor = (column) => carried.querySelector(`button[name=stage][value="${CSS.escape(column.dataset.stage)}"]`);

function unmark() {
  for (const column of document.querySelectorAll(".is-over")) column.classList.remove("is-over");
}

document.addEventListener("dragstart", (event) => {
  carried = event.target.closest?.("[data-card]") ?? null;
  if (carried) event.dataTransfer.effectAllowed = "move";
});

document.addEventListener("dragover", (event) => {
  const column = columnOf(event);
  if (!column || !buttonFor(column)) return;
  event.preventDefault();
  if (column.classList.contains("is-over")) return;
  unmark();
  column.classList.add("is-over");
});

document.addEventListener("drop", (event) => {
  const column = columnOf(event);
  if (!column) return;
  event.preventDefault();
  buttonFor(column)?.click();
});

document.addEventListener("dragend", () => {
  carried = null;
  unmark();
});
