// Lists: how many rows are chosen, the whole page at once, and a filter form that offers what its field takes.
// Without it a list works: rows are chosen one by one, and the form says what a field refuses.

const boxes = (list) => [...list.querySelectorAll("[data-check]")];

function count(list) {
  const all = boxes(list);
  const chosen = all.filter((box) => box.checked).length;
  const page = list.querySelector("[data-check-page]");
  const said = list.querySelector("[data-check-count]");
  const matching = list.querySelector("[data-check-all]");
  if (!page || !said) return;
  page.checked = all.length > 0 && chosen === all.length;
  page.indeterminate = chosen > 0 && chosen < all.length;
  said.dataset.word ??= said.textContent;
  said.textContent = `${said.dataset.word} ${matching.checked ? matching.dataset.count : chosen}`;
}

function offer(form) {
  const field = form.elements.field.selectedOptions[0];
  const allowed = field.dataset.ops.split(" ");
  for (const option of form.elements.op.options) option.hidden = option.disabled = !allowed.includes(option.value);
  if (form.elements.op.selectedOptions[0]?.disabled) form.elements.op.value = allowed[0];
  const value = form.elements.value;
  const list = form.querySelector(`datalist[id$="-values-${CSS.escape(field.value)}"]`);
  if (list) value.setAttribute("list", list.id);
  else value.removeAttribute("list");
  value.inputMode = ["number", "money"].includes(field.dataset.kind) ? "decimal" : "text";
  value.closest("p").hidden = "withoutValue" in form.elements.op.selectedOptions[0].dataset;
}

document.addEventListener("change", (event) => {
  const list = event.target.closest("[data-listing]");
  if (event.target.matches("[data-check-page]")) for (const box of boxes(list)) box.checked = event.target.checked;
  if (list) count(list);
  const form = event.target.closest("[data-filter]");
  if (form) offer(form);
});

document.addEventListener("reset", (event) => {
  const list = event.target.closest("[data-listing]");
  if (list) setTimeout(() => count(list)); // the boxes are reset after the event
});

// A row is one target: a click beside its links opens it, with Ctrl or the middle button in a tab of its own.
function follow(event) {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.defaultPrevented || event.target.closest("a, button, input, label, select, summary, .table__check")) return;
  if (String(getSelection())) return;
  const link = row.querySelector("th a, td a");
  if (event.ctrlKey || event.metaKey || event.button === 1) window.open(row.dataset.href, "_blank", "noopener");
  else if (event.button === 0) link.click();
}
document.addEventListener("click", follow);
document.addEventListener("auxclick", (event) => event.button === 1 && follow(event));

// Space on a row's name previews it beside the list.
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const row = event.target.closest("tr[data-peek]");
  if (!row || !event.target.matches("a.table__name, tr")) return;
  event.preventDefault();
  row.querySelector(".table__peek a").click();
});

for (const form of document.querySelectorAll("[data-filter]")) offer(form);
for (const list of document.querySelectorAll("[data-listing]")) count(list);
