// What every page does: fragments, the drawer, the folded navigation, chart or table, copying an address.
// It holds no words: every label and message is in the page.
import htmx from "htmx.org/dist/htmx.esm.js";
import "./keys.js";
import "./palette.js";
import "./upload.js";
import "./board.js";
import "./inline.js";
import "./listing.js";
import "./widths.js";

window.htmx = htmx;
const frame = () => document.querySelector(".frame");
const WAITING_SHOWS_AFTER = 200; // milliseconds
let opener = null; // what had the focus before the drawer opened: it gets it back
let waiting;

function openDrawer() {
  const drawer = document.getElementById("drawer");
  drawer.hidden = false;
  frame().classList.add("frame--drawer");
  return drawer;
}

function closeDrawer() {
  const drawer = document.getElementById("drawer");
  if (!drawer || drawer.hidden) return false;
  drawer.hidden = true;
  drawer.replaceChildren();
  frame().classList.remove("frame--drawer");
  for (const row of document.querySelectorAll(".is-open")) row.classList.remove("is-open");
  if (opener?.isConnected) opener.focus();
  opener = null;
  return true;
}

function foldNavigation(open) {
  const button = document.querySelector("[data-nav-toggle]");
  if (!button || button.getAttribute("aria-expanded") === String(open)) return false;
  button.setAttribute("aria-expanded", String(open));
  frame().classList.toggle("frame--nav", open);
  (open ? document.querySelector(".nav a") : button).focus();
  return true;
}

// The server keeps it for the next page; this page does not wait for the answer, and goes back if it did not get there.
function fold(form) {
  const folded = document.documentElement.dataset.navigation !== "folded";
  if (folded) document.documentElement.dataset.navigation = "folded";
  else delete document.documentElement.dataset.navigation;
  const button = form.querySelector("button");
  button.value = folded ? "open" : "folded";
  button.setAttribute("aria-expanded", String(!folded));
}

function swap(button) {
  const card = button.closest(".card");
  for (const part of card.querySelectorAll("[data-view]")) part.hidden = part.dataset.view !== button.dataset.swap;
  for (const other of card.querySelectorAll("[data-swap]")) other.setAttribute("aria-pressed", String(other === button));
}

const say = (text) => {
  document.getElementById("said").textContent = text;
};

function sayToasts() {
  const texts = [...document.querySelectorAll("[data-toast]:not([data-said])")].map((toast) => {
    toast.dataset.said = "";
    return toast.querySelector(".toast__text").textContent;
  });
  if (texts.length) say(texts.join(" "));
}

async function copyAddress(button) {
  await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
  say(button.dataset.copied);
}

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest(selector);
  if (on("[data-swap]")) swap(on("[data-swap]"));
  else if (on("[data-copy]")) copyAddress(on("[data-copy]"));
  else if (on("[data-nav-toggle]")) foldNavigation(on("[data-nav-toggle]").getAttribute("aria-expanded") !== "true");
  else if (on("[data-dismiss]")) on("[data-toast]").remove();
  else if (on("[data-close]") && closeDrawer()) event.preventDefault();
  for (const menu of document.querySelectorAll(":is(details.range__menu, [data-menu])[open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing) return;
  const menu = document.querySelector(":is(details.range__menu, [data-menu])[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (!foldNavigation(false)) closeDrawer();
});

document.addEventListener("htmx:configRequest", (event) => {
  if (event.target.matches("[data-fold]")) fold(event.target);
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.target.matches("[data-fold]") || event.detail.successful) return;
  fold(event.target);
  document.getElementById("toasts").append(document.getElementById("not-kept").content.cloneNode(true));
  sayToasts();
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target?.id !== "drawer") return;
  if (event.target.closest("#drawer")) return; // what is there stays until the next link of the chain has come
  opener = event.target;
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    openDrawer().replaceChildren(document.getElementById("drawer-waiting").content.cloneNode(true));
  }, WAITING_SHOWS_AFTER);
});

document.addEventListener("htmx:afterRequest", () => clearTimeout(waiting));

document.addEventListener("htmx:afterSwap", (event) => {
  const drawer = event.detail.target;
  if (drawer.id !== "drawer") return;
  openDrawer();
  for (const row of document.querySelectorAll(".is-open")) row.classList.remove("is-open");
  opener?.closest("td")?.classList.add("is-open");
  drawer.querySelector("h2")?.focus();
});

// A refusal or a failure is an answer too: its text belongs in the drawer or the page, not in the console.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr } = event.detail;
  if ((["drawer", "main"].includes(target.id) || target.matches(".progress-card")) && xhr.status >= 400) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});

// A live region speaks only of what changes after it was read: toasts that came with the page are said a moment later.
setTimeout(sayToasts, 300);
document.addEventListener("htmx:oobAfterSwap", sayToasts);
document.addEventListener("animationend", (event) => {
  if (event.target.matches(".toast__clock")) event.target.closest("[data-toast]").remove();
});

// Any click or sending shows at once that something goes on: a line at the top, until the page or the fragment has come.
const GIVES_UP_AFTER = 10_000; // milliseconds: what was followed was a file, not a page
let underWay = 0;

function working(by) {
  underWay = Math.max(0, underWay + by);
  document.getElementById("working").hidden = underWay === 0;
}

function leaving() {
  working(1);
  setTimeout(() => working(-1), GIVES_UP_AFTER);
}

const asksAgainByItself = (element) => element.getAttribute?.("hx-trigger")?.startsWith("every");

document.addEventListener("htmx:beforeRequest", (event) => asksAgainByItself(event.target) || working(1));
document.addEventListener("htmx:afterRequest", (event) => asksAgainByItself(event.target) || working(-1));
window.addEventListener("pageshow", () => working(-underWay));
window.addEventListener("submit", (event) => event.defaultPrevented || event.target.target || leaving());
window.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.pathname === location.pathname && link.search === location.search) return; // a place on this page
  leaving();
});

// A fragment that did not come says so where it would have stood, keeps what was typed, and can be asked for again.
function didNotCome(event) {
  const { elt, target, requestConfig: asked } = event.detail;
  if (asksAgainByItself(elt) || elt.getAttribute("hx-swap") === "none") return;
  const said = document.getElementById("did-not-come").content.firstElementChild.cloneNode(true);
  said.querySelector("[data-again]").addEventListener("click", () => {
    said.remove();
    if (elt.matches("form")) elt.requestSubmit();
    else htmx.ajax(asked.verb, asked.path, { source: elt, target });
  });
  target.querySelector(":scope > .did-not-come")?.remove();
  if (target.id === "drawer") openDrawer().replaceChildren(said);
  else target.prepend(said);
  said.querySelector("[data-again]").focus();
}

document.addEventListener("htmx:sendError", didNotCome);
document.addEventListener("htmx:timeout", didNotCome);
