// The editor on the box's own screen: one pane at a time, typing by touch, pictures from files,
// and the end of a session that nobody touches. What counts is in the shared editor.
import { Entry } from "./entry.js";

const page = document.body;
const PING_PART = 3;
const HELD_MS = 400;
const REPEAT_MS = 60;

function show(pane) {
  const known = document.querySelector(`[data-of="${CSS.escape(pane)}"]`) ? pane : "draw";
  page.dataset.pane = known;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${known}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.querySelector("[data-read-back]").toggleAttribute("data-current", known === "read");
  if (known === "fields") chosenItem()?.scrollIntoView({ block: "start" });
}

/** The part whose box is chosen on the picture. */
function chosenItem() {
  const key = document.querySelector(".shape.is-chosen")?.dataset.key;
  return key && document.querySelector(`[data-box="${CSS.escape(key)}"], [data-item="${CSS.escape(key)}"]`)?.closest("[data-item]");
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

/** A finger has no arrow keys: touching a box offers what moves and resizes it by a pixel. */
function listenToNudges() {
  const [tools, nudges] = [".draw-tools", ".draw-nudge"].map((name) => document.querySelector(name));
  if (!tools) return;
  const swap = (isNudging) => { tools.hidden = isNudging; nudges.hidden = !isNudging; };
  const press = ({ nudge, shift }) => document.querySelector(".shape.is-chosen")
    ?.dispatchEvent(new KeyboardEvent("keydown", { key: nudge, shiftKey: shift !== "", bubbles: true }));
  let again;
  const stage = document.querySelector(".draw-stage");
  let isTouched = false; // the picture takes the pointer, so that only its first touch names the box
  stage.addEventListener("pointerdown", (event) => {
    isTouched = event.target.closest(".shape") !== null && tools.querySelector('[data-tool=""]').ariaPressed === "true";
  }, { capture: true });
  stage.addEventListener("pointerup", () => { if (isTouched) swap(true); });
  nudges.addEventListener("pointerdown", (event) => {
    const { dataset } = event.target.closest("[data-nudge]") ?? {};
    if (!dataset || dataset.nudge === "Delete") return;
    again = setTimeout(function repeat() { press(dataset); again = setTimeout(repeat, REPEAT_MS); }, HELD_MS);
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) nudges.addEventListener(end, () => clearTimeout(again));
  nudges.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.nudge) press(button.dataset);
    if (button && ("tools" in button.dataset || button.dataset.nudge === "Delete")) swap(false);
  });
}

function trouble(words) {
  const note = document.querySelector("[data-problem]");
  note.hidden = !words;
  note.firstElementChild.textContent = words;
}

/** Send files one after the other; the page is loaded anew with them. */
async function bring(input) {
  for (const file of input.files) {
    try {
      const answer = await fetch(page.dataset.bring, { method: "POST", body: file, headers: { "X-Token": page.dataset.token } });
      if (!answer.ok) { trouble((await answer.json()).problem); return; }
    } catch { // the box hangs up on a file that is too large, and says nothing in JSON
      trouble("The picture is not taken in: PNG of 8 MB at most.");
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
listenToNudges();
watchIdleness();
document.querySelector("[data-upload]")?.addEventListener("change", (event) => bring(event.target));
new Entry(document.querySelector("[data-entry]")).listen(document);
document.documentElement.dataset.ready = "";
