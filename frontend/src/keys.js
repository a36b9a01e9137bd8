// Single keys: `?` lists them. They do nothing in a field, while an input method composes, with Alt, Ctrl or Meta held,
// in an open dialog, or where the member switched them off.
import { openPalette } from "./palette.js";

const SECOND_KEY_WITHIN = 1500; // milliseconds between `g` and its letter
let going = -Infinity; // when `g` was pressed

const dialog = () => document.getElementById("shortcuts");
const isShown = (element) => element.getClientRects().length > 0;
const first = (selector) => [...document.querySelectorAll(selector)].find(isShown);

function isWriting(target) {
  return target.isContentEditable || target.matches?.("input:not([type=checkbox], [type=radio]), select, textarea");
}

function press(selector) {
  const found = first(selector);
  found?.click();
  return Boolean(found);
}

// Rows of lists, and rows of other tables that lead somewhere; in the drawer while the focus is there.
function moveRow(step) {
  const within = document.activeElement.closest("#drawer") ?? document.querySelector("main");
  const rows = [...within.querySelectorAll("[data-row], tbody tr:has(a[href])")].filter(isShown);
  if (!rows.length) return false;
  const at = rows.indexOf(document.activeElement.closest("tr, [data-row]"));
  const row = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
  const target = row.querySelector("a[href]") ?? row;
  if (target === row) row.tabIndex = -1;
  target.focus();
  row.scrollIntoView({ block: "nearest" });
  return true;
}

function edit() {
  const own = document.activeElement.closest("[data-row]")?.querySelector("[data-edit]");
  if (own) own.click();
  else return press("main :is([data-edit], [data-fact-edit])");
  return true;
}

function search() {
  const field = first("main input[type=search]");
  if (!field) return openPalette();
  field.focus();
  field.select();
  return true;
}

const KEYS = {
  "?": () => dialog() && !dialog().open && (dialog().showModal(), true),
  "/": search,
  c: () => openPalette("create"),
  j: () => moveRow(1),
  k: () => moveRow(-1),
  e: edit,
  "[": () => press("[data-range-step=earlier]"),
  "]": () => press("[data-range-step=later]"),
};

function go(letter) {
  const place = dialog()?.querySelector(`[data-go="${CSS.escape(letter)}"]`);
  place?.click();
  return Boolean(place);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.isComposing || event.keyCode === 229 || event.repeat && !["j", "k"].includes(event.key)) return;
  if (document.documentElement.dataset.shortcuts === "off" || isWriting(event.target)) return;
  if (document.querySelector("dialog[open]")) return;
  const second = event.timeStamp - going < SECOND_KEY_WITHIN;
  going = -Infinity;
  if (second && go(event.key)) event.preventDefault();
  else if (event.key === "g") going = event.timeStamp;
  else if (Object.hasOwn(KEYS, event.key) && KEYS[event.key]()) event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-shortcuts-open]")) dialog()?.showModal();
  else if (event.target === dialog()) dialog().close(); // the scrim around it
});
