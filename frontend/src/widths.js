// Widths of a list's columns: each head has a handle at its right edge, for the pointer and for the arrow keys.
// The address keeps them, and so do the links and forms of the page that say what the list shows. What is drawn is said
// by the attribute `width` of the head, as the server says it: a page that loads has its widths before any script runs.

const STEP = 8; // pixels of an arrow key; with Shift five times as many
let held; // the handle in hand: where the pointer took it, and the width before

const heads = (list) => [...list.querySelectorAll("th[data-column]")];
const listOf = (element) => element.closest("[data-listing]");
const edgeOf = (head) => head.querySelector(".table__edge");
const tableOf = (element) => element.closest("table");
const drawnOf = (list) => heads(list).filter((head) => head.classList.contains("drawn"));
const within = (edge, width) => Math.min(Math.max(Math.round(width), edge.ariaValueMin), edge.ariaValueMax);

function draw(head, width) {
  const table = tableOf(head);
  if (width) head.width = width;
  else head.removeAttribute("width");
  const rows = [...table.tBodies[0].rows, ...(table.tFoot?.rows ?? [])];
  for (const cell of [head, ...rows.map((row) => row.cells[head.cellIndex])]) {
    cell.classList.toggle("drawn", Boolean(width));
    if (cell.matches("td:not([title])")) cell.title = cell.textContent.trim(); // what no longer fits can still be read
  }
  table.classList.toggle("table--drawn", drawnOf(listOf(head)).length > 0);
}

function resize(edge, width) {
  const drawn = within(edge, width);
  draw(edge.closest("th"), drawn);
  edge.ariaValueNow = drawn;
}

// While the pointer has a handle the other columns stay as wide as they are, so that it goes where the pointer goes;
// afterwards those without a width of their own share what is left.
function hold(edge) {
  const others = heads(listOf(edge)).filter((head) => head !== edge.closest("th") && !head.classList.contains("drawn"));
  const now = others.map((head) => [head, Math.ceil(head.getBoundingClientRect().width)]);
  for (const [head, width] of now) head.width = width;
  tableOf(edge).classList.add("table--held");
}

function release(edge) {
  tableOf(edge).classList.remove("table--held");
  for (const head of heads(listOf(edge))) if (!head.classList.contains("drawn")) head.removeAttribute("width");
}

function say(list) {
  const now = heads(list).map((head) => [edgeOf(head), head.offsetWidth]);
  for (const [edge, width] of now) edge.ariaValueNow = within(edge, width);
}

// Writes the widths into the address and into everything here that leads to the same list, without asking the server.
function keep(list) {
  const drawn = drawnOf(list).map((head) => `${head.dataset.column}~${head.width}`).join(",");
  const said = (query) => [...query.split("&").filter((word) => word && !word.startsWith("w=")), ...(drawn ? [`w=${drawn}`] : [])].join("&");
  const query = said(location.search.slice(1));
  const here = location.pathname + (query && `?${query}`);
  history.replaceState(history.state, "", here + location.hash);
  for (const link of list.querySelectorAll(".listing__bar a[href^='?']:not([data-usual]), th a[href^='?'], .table-foot a[href^='?']")) {
    link.setAttribute("href", `?${said(link.getAttribute("href").slice(1))}`);
  }
  for (const form of list.querySelectorAll("form[method=get]")) {
    form.querySelector("input[name=w]")?.remove();
    if (drawn) form.prepend(Object.assign(document.createElement("input"), { type: "hidden", name: "w", value: drawn }));
  }
  for (const field of list.querySelectorAll("form[method=post] input[name=query]")) field.value = said(field.value);
  for (const field of document.querySelectorAll("input[name=next]")) if (field.value.split("?")[0] === location.pathname) field.value = here;
  for (const link of list.querySelectorAll("[data-usual]")) link.hidden = !drawn && !/[?&]columns=/.test(location.search);
  for (const form of list.querySelectorAll("[data-view-changed]")) form.hidden = false;
  say(list);
}

function automatic(edge) {
  draw(edge.closest("th"), null);
  keep(listOf(edge));
}

document.addEventListener("pointerdown", (event) => {
  const edge = event.target.closest(".table__edge");
  if (!edge || event.button) return;
  const head = edge.closest("th");
  held = { edge, x: event.clientX, from: head.offsetWidth, before: head.getAttribute("width"), moved: false };
  edge.setPointerCapture(event.pointerId);
});

document.addEventListener("pointermove", (event) => {
  if (!held || (!held.moved && event.clientX === held.x)) return;
  if (!held.moved) hold(held.edge);
  held.moved = true;
  resize(held.edge, held.from + event.clientX - held.x);
});

document.addEventListener("pointerup", () => {
  if (held?.moved) {
    release(held.edge);
    keep(listOf(held.edge));
  }
  held = undefined;
});

function letGo() {
  draw(held.edge.closest("th"), held.before);
  release(held.edge);
  say(listOf(held.edge));
  held = undefined;
}

document.addEventListener("pointercancel", () => held && letGo());
document.addEventListener("dragstart", (event) => held && event.preventDefault()); // the link of the head stays where it is

document.addEventListener("dblclick", (event) => {
  if (event.target.matches(".table__edge")) automatic(event.target);
});

// Before what Esc does elsewhere: it lets go of what is in hand, and nothing else.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !held) return;
  event.stopImmediatePropagation();
  letGo();
}, true);

document.addEventListener("keydown", (event) => {
  const edge = event.target;
  if (!edge.matches(".table__edge") || event.ctrlKey || event.metaKey || event.altKey) return;
  const now = edge.closest("th").offsetWidth;
  const step = event.shiftKey ? 5 * STEP : STEP;
  const wanted = { ArrowLeft: now - step, ArrowRight: now + step, Home: edge.ariaValueMin, End: edge.ariaValueMax }[event.key];
  if (wanted !== undefined) resize(edge, wanted);
  else if (event.key === "Enter") automatic(edge);
  else return;
  event.preventDefault();
});

// A key that is held down draws on; the address is written when it is let go.
document.addEventListener("keyup", (event) => {
  if (event.target.matches(".table__edge") && ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) keep(listOf(event.target));
});

for (const list of document.querySelectorAll("[data-listing]")) say(list);
