// The command palette: opens, asks the server what is found, and moves through it. The server says every word and
// decides what may be seen; this browser keeps only the addresses that were opened last, for each member.
const MOST_RECENT = 12;
const TYPING_PAUSE = 70; // milliseconds
const WAITING_SHOWS_AFTER = 200;
const palette = () => document.getElementById("palette");
const input = () => document.getElementById("palette-input");
const list = () => document.getElementById("palette-list");
const options = () => [...list().querySelectorAll("[role=option]")];
const actions = () => [...document.querySelectorAll("main [data-action]")];
let asking = null; // the request under way
let pause;

function kept() {
  try {
    return JSON.parse(localStorage.getItem(`tenure.recent.${palette().dataset.owner}`)) ?? [];
  } catch {
    return []; // a browser that keeps nothing
  }
}

function keep(address) {
  const addresses = [address, ...kept().filter((other) => other !== address)].slice(0, MOST_RECENT);
  try {
    localStorage.setItem(`tenure.recent.${palette().dataset.owner}`, JSON.stringify(addresses));
  } catch {
    // a browser that keeps nothing
  }
}

function choose(option) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (option) {
    input().setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  } else input().removeAttribute("aria-activedescendant");
}

const chosen = () => list().querySelector("[aria-selected=true]");

function move(step) {
  const all = options();
  if (all.length) choose(all[(all.indexOf(chosen()) + step + all.length) % all.length]);
}

const show = (name) => list().replaceChildren(document.getElementById(name).content.cloneNode(true));

async function ask() {
  asking?.abort();
  const own = (asking = new AbortController());
  const query = new URLSearchParams({ q: input().value });
  if (palette().dataset.only) query.set("only", palette().dataset.only);
  for (const action of actions()) query.append("on", action.textContent.trim());
  for (const address of input().value ? [] : kept()) query.append("recent", address);
  const waiting = setTimeout(() => show("palette-waiting"), WAITING_SHOWS_AFTER);
  try {
    const answer = await fetch(`${palette().dataset.address}?${query}`, {
      headers: { "HX-Request": "true" },
      signal: own.signal,
    });
    if (answer.headers.has("HX-Redirect")) location.assign(answer.headers.get("HX-Redirect"));
    if (!answer.ok) throw new Error(answer.status);
    const found = await answer.text();
    clearTimeout(waiting);
    list().innerHTML = found;
    choose(options()[0]);
  } catch {
    clearTimeout(waiting);
    if (!own.signal.aborted) show("palette-failed");
  }
}

export function openPalette(only = "") {
  if (!palette() || palette().open) return false;
  palette().dataset.only = only;
  input().placeholder = only ? input().dataset.create : (input().dataset.find ??= input().placeholder);
  input().value = "";
  palette().showModal();
  list().replaceChildren();
  ask();
  return true;
}

document.addEventListener("click", (event) => {
  const on = (selector) => event.target.closest?.(selector);
  if (on("[data-palette]") && !event.ctrlKey && !event.metaKey && openPalette()) event.preventDefault();
  else if (on("[data-close-dialog]")) on("dialog").close();
  else if (on("#palette [data-again]")) ask();
  else if (on("#palette [data-on]")) {
    const action = actions()[on("[data-on]").dataset.on];
    palette().close();
    action?.click();
  } else if (on("#palette a[role=option]")) {
    keep(on("a").getAttribute("href"));
    if (!event.ctrlKey && !event.metaKey) palette().close();
  } else if (event.target === palette()) palette().close(); // the scrim around it
});

document.addEventListener("input", (event) => {
  if (event.target !== input() || event.isComposing) return;
  clearTimeout(pause);
  pause = setTimeout(ask, TYPING_PAUSE);
});

document.addEventListener("compositionend", (event) => {
  if (event.target === input()) ask();
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    if (palette()) event.preventDefault();
    if (!openPalette()) palette()?.close();
    return;
  }
  if (event.target !== input() || event.isComposing || event.keyCode === 229) return; // 229: an input method has the key
  if (event.key === "ArrowDown") move(1);
  else if (event.key === "ArrowUp") move(-1);
  else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && chosen()?.href) {
    keep(chosen().getAttribute("href"));
    window.open(chosen().href, "_blank", "noopener");
  } else if (event.key === "Enter") chosen()?.click();
  else return;
  event.preventDefault();
});
