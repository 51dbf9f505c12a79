// Review of values from screens by keyboard. Every decision is a form of the page; this sends it
// without leaving, and moves to the next value, which is there before it is needed.
import { place } from "./_place.js";

const list = document.querySelector("[data-screens]");
const done = []; // ids of decided cards, the latest last
const AHEAD = 6;
const INVALID = 422;

const cardOf = (node) => node?.closest?.("[data-screens] [data-row]");
const here = () => cardOf(document.activeElement) ?? list.querySelector("[data-row]");
const isOpen = (card) => card.dataset.screenState === list.dataset.state;

function next(card) {
  let other = card.nextElementSibling;
  while (other?.matches("[data-row]") && !isOpen(other)) other = other.nextElementSibling;
  return other?.matches("[data-row]") ? other : card;
}

function go(card) {
  card.focus();
  card.scrollIntoView({ block: "nearest" });
  more(card);
}

let loading = null;

/** Fetch the next cards, where few are left or a `card` is not given; ends when they are there. */
function more(card) {
  const link = list.querySelector("[data-more]");
  const left = [...list.querySelectorAll("[data-row]")].filter(isOpen).length;
  if (!link || (card && left > AHEAD)) return loading;
  loading ??= load(link).finally(() => { loading = null; });
  return loading;
}

async function load(link) {
  const answer = await fetch(link.href, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return;
  const line = link.closest("li");
  line.insertAdjacentHTML("beforebegin", await answer.text());
  line.remove();
}

async function decide(form, submitter) {
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form, submitter), headers: { "HX-Request": "true" } });
  if (!answer.ok && answer.status !== INVALID) { form.submit(); return; }
  const card = place(await answer.text());
  if (!answer.ok) {
    const input = card.querySelector("input[name=text]");
    if (input) { input.focus(); input.select(); } else card.focus();
    return;
  }
  if (form.dataset.decide === "undo") {
    if (done.includes(card.id)) done.splice(done.lastIndexOf(card.id), 1);
    go(card);
    return;
  }
  done.push(card.id);
  if (next(card) === card) await more(null);
  go(next(card));
}

function submit(card, verb) {
  const form = card.querySelector(`[data-decide="${verb}"]`);
  if (form) decide(form);
}

function accept(card) {
  const input = card.querySelector("input[name=text]");
  if (!input) return;
  input.value = input.dataset.read;
  submit(card, "confirm");
}

function type(card, text) {
  const input = card.querySelector("input[name=text]");
  if (!input) return;
  input.value = text;
  input.focus();
  input.setSelectionRange(text.length, text.length);
}

function guess(card) {
  const input = card.querySelector("input[name=text]");
  const others = [input?.dataset.read, ...[...card.querySelectorAll("[data-other]")].map((button) => button.dataset.other)];
  if (input) { input.value = others[(others.indexOf(input.value) + 1) % others.length]; input.focus(); input.select(); }
}

function undo(card) {
  const decided = card.querySelector('[data-decide="undo"]') && !isOpen(card) ? card : document.getElementById(done.at(-1));
  if (decided) submit(decided, "undo");
}

function frame(card) {
  const shown = card.querySelector(":scope > .screen-frame");
  if (shown) { shown.remove(); return; }
  const drawn = card.querySelector("template")?.content.cloneNode(true);
  if (!drawn) return;
  drawn.querySelector("image").setAttribute("href", card.querySelector("[data-frame]").href);
  card.append(drawn);
  card.lastElementChild.scrollIntoView({ block: "nearest" });
}

function reasons(card) {
  const menu = card.querySelector("details.dismiss");
  if (!menu) return;
  menu.open = true;
  menu.querySelector("button[name=note]").focus();
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const menu = document.activeElement?.closest?.("[data-screens] details.dismiss[open]");
  const button = menu?.querySelectorAll("button[name=note]")[Number(event.key) - 1];
  if (button) { event.preventDefault(); button.click(); return; }
  if (event.target.matches?.("input[name=text]")) {
    const card = cardOf(event.target);
    if (event.key !== "Escape" || !card) return;
    event.target.value = event.target.dataset.read;
    card.focus();
  } else if (event.target.matches?.("input, select, textarea") || (event.key === "Enter" && event.target.matches?.("a, button, summary"))) return;
  else {
    const card = here();
    const act = { a: () => accept(card), Enter: () => accept(card), n: () => guess(card), r: () => reasons(card), u: () => undo(card), f: () => frame(card) }[event.key];
    if (!card || (!act && !/^[0-9]$/.test(event.key))) return;
    if (act) act();
    else type(card, event.key);
  }
  event.preventDefault();
  event.stopImmediatePropagation();
}

if (list) {
  list.dataset.state = list.querySelector("[data-row]")?.dataset.screenState ?? "";
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-decide]")) return;
    event.preventDefault();
    decide(event.target, event.submitter);
  });
  list.addEventListener("click", (event) => {
    const card = cardOf(event.target);
    const other = event.target.closest("[data-other]");
    const whole = event.target.closest("[data-frame]");
    if (event.target.closest("[data-more]")) more(null);
    else if (other) type(card, other.dataset.other);
    else if (whole && !event.ctrlKey && !event.metaKey) frame(card);
    else return;
    event.preventDefault();
  });
  // Before the keys of every page: on a card they mean the value, not the page.
  document.addEventListener("keydown", pressed, true);
  list.querySelector("[data-row]")?.focus({ preventScroll: true });
}
