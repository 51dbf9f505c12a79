// The editor on the box's own screen: one pane at a time, typing by touch, pictures from files,
// and the end of a session that nobody touches. What counts is in the shared editor.
import { Entry } from "./entry.js";

const page = document.body;
const PING_PART = 3;

function show(pane) {
  const known = document.querySelector(`[data-of="${CSS.escape(pane)}"]`) ? pane : "draw";
  page.dataset.pane = known;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${known}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.querySelector("[data-read-back]").toggleAttribute("data-current", known === "read");
  dispatchEvent(new Event("resize"));
}

function listenToPanes() {
  addEventListener("hashchange", () => show(location.hash.slice(1) || "draw"));
  document.querySelector("[data-read-back]").addEventListener("click", () => { location.hash = "read"; });
  document.querySelector("[data-first-fault]").addEventListener("click", () => { location.hash = "fields"; });
  // Another picture is looked at where things are drawn.
  document.querySelector(".picture-strip").addEventListener("click", (event) => {
    if (event.target.closest("[data-show-picture]")) location.hash = "draw";
  });
  show(location.hash.slice(1) || (document.querySelector("screen-drawing") ? "draw" : "pictures"));
}

function trouble(words) {
  const note = document.querySelector("[data-problem]");
  note.hidden = !words;
  note.firstElementChild.textContent = words;
}

/** Send files one after the other; the page is loaded anew with them. */
async function bring(input) {
  for (const file of input.files) {
    const answer = await fetch(page.dataset.bring, { method: "POST", body: file, headers: { "X-Token": page.dataset.token } });
    if (!answer.ok) {
      const isTold = answer.headers.get("Content-Type")?.startsWith("application/json");
      trouble(isTold ? (await answer.json()).problem : "The picture is not taken in: 8 MB at most.");
      return;
    }
  }
  location.reload();
}

/** The box asks for a PIN again where nobody touches the page; what was drawn is kept by then. */
function watchIdleness() {
  const idleMs = Number(page.dataset.idle) * 1000;
  let touchedAt = Date.now();
  let toldAt = touchedAt;
  const touch = () => {
    touchedAt = Date.now();
    if (touchedAt - toldAt < idleMs / PING_PART) return;
    toldAt = touchedAt;
    fetch("/profiles/here").catch(() => {});
  };
  for (const what of ["pointerdown", "keydown", "input"]) document.addEventListener(what, touch, { passive: true, capture: true });
  setInterval(() => { if (Date.now() - touchedAt > idleMs) location.assign("/"); }, 1000);
}

listenToPanes();
watchIdleness();
document.querySelector("[data-upload]")?.addEventListener("change", (event) => bring(event.target));
new Entry(document.querySelector("[data-entry]")).listen(document);
document.documentElement.dataset.ready = "";
