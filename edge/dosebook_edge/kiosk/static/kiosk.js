// Keys and touches of the room's screen. Everything that counts is a form: this only fills it.
"use strict";
const BLANK_AFTER_MS = 30_000;
const field = document.querySelector("[data-field]");
const one = (selector) => document.querySelector(selector);
const press = (selector) => { const found = one(selector); if (found && !found.disabled) found.click(); };
let untouched = Boolean(field?.dataset.read !== undefined);

function put(text) {
  field.value = text;
  label();
}

function type(character) {
  put((untouched ? "" : field.value) + character);
  untouched = false;
}

function back() {
  untouched = false;
  put(field.value.slice(0, -1));
}

function restore() {
  untouched = true;
  put(field.dataset.read ?? "");
}

function label() {
  const button = one("[data-confirm]");
  if (!button) return;
  const isRead = field.value === field.dataset.read;
  button.replaceChildren(isRead ? "Accept" : "Confirm", document.createElement("br"), field.value);
  button.disabled = field.value === "";
}

function nextGuess() {
  const guesses = [field.dataset.read, ...[...document.querySelectorAll("[data-other]")].map((b) => b.dataset.other)];
  put(guesses[(guesses.indexOf(field.value) + 1) % guesses.length]);
  untouched = true;
}

const KEYS = {
  a: () => { restore(); press("[data-confirm]"); },
  Enter: () => one("#decide")?.requestSubmit(one("[data-confirm]") ?? undefined),
  Backspace: back,
  Escape: restore,
  j: () => press("[data-way=after]"),
  k: () => press("[data-way=before]"),
  n: nextGuess,
  r: () => press("[data-reject]"),
  u: () => press("[data-undo]"),
};

// On the page of a PIN letters mean nothing; where nothing waits there is only an undo.
function isMeant(key) {
  if (!KEYS[key]) return false;
  return key === "u" || Boolean(one("[data-confirm]") || (field && key.length > 1));
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const isOnButton = event.target.closest("button, a");
  if (event.key === "Enter" && isOnButton) return;
  if (/^[0-9.,:]$/.test(event.key) && field) type(event.key);
  else if (isMeant(event.key)) KEYS[event.key]();
  else return;
  event.preventDefault();
}

// Who the patient is stands on the page for half a minute, and again at a touch.
let blanking;
async function showPatient(button) {
  const answer = await fetch(`/patient/${button.dataset.patient}`);
  if (!answer.ok || answer.redirected) return;
  one("#patient").textContent = await answer.text();
  clearTimeout(blanking);
  blanking = setTimeout(() => { one("#patient").textContent = ""; }, BLANK_AFTER_MS);
}

document.addEventListener("keydown", onKey);
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (event.detail > 0 && button.type === "button") button.blur(); // Enter confirms, not types again
  const { key, other, patient } = button.dataset;
  if (key !== undefined) type(key);
  else if (other !== undefined) { put(other); untouched = true; }
  else if (patient !== undefined) showPatient(button);
  else if ("back" in button.dataset) back();
  else if ("restore" in button.dataset) restore();
});
if (field) label();
const patientButton = one("[data-patient]");
if (patientButton) showPatient(patientButton);
document.documentElement.dataset.ready = "";
