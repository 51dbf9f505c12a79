// Review of procedure names by keyboard: Enter confirms, / chooses another, x sets aside, u undoes.
// Every decision is a form of the page; this sends it without leaving, and moves to the next name.
import { place } from "./_place.js";

const table = document.querySelector("[data-names]");
const dialog = document.getElementById("choose");
const done = []; // ids of decided rows, the latest last

const rowOf = (node) => node?.closest?.("[data-names] tr[data-row]");

function next(row) {
  let other = row.nextElementSibling;
  while (other && other.dataset.nameState && other.dataset.nameState !== "open") other = other.nextElementSibling;
  return other ?? row;
}

async function more(link) {
  const answer = await fetch(link.href, { headers: { "HX-Request": "true" } });
  if (!answer.ok) { location.assign(link.href); return; }
  const place = link.closest("tr");
  const last = place.previousElementSibling;
  place.insertAdjacentHTML("beforebegin", await answer.text());
  place.remove();
  (last.nextElementSibling ?? last).focus();
}

async function decide(form) {
  const verb = form.dataset.decide;
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "HX-Request": "true" } });
  if (!answer.ok) { form.submit(); return; }
  const row = place(await answer.text());
  if (verb === "undo") {
    done.splice(done.lastIndexOf(row.id), done.includes(row.id) ? 1 : 0);
    row.focus();
    return;
  }
  done.push(row.id);
  const target = next(row);
  const link = target.querySelector("[data-more]");
  if (link) await more(link);
  else target.focus();
  document.activeElement.scrollIntoView({ block: "nearest" });
}

function undo(row) {
  const decided = row?.querySelector('[data-decide="undo"]') ? row : document.getElementById(done.at(-1));
  const form = decided?.querySelector('[data-decide="undo"]');
  if (form) decide(form);
}

// The chooser: a combobox over a list that the registry searches.
let asked = 0;

async function find() {
  const input = dialog.querySelector("input[type=search]");
  const list = dialog.querySelector("ul");
  const mine = ++asked;
  const query = new URLSearchParams({ q: input.value, name: dialog.returnRow.slice(2) });
  const answer = await fetch(`${dialog.dataset.searchUrl}?${query}`, { headers: { "HX-Request": "true" } });
  if (mine !== asked || !answer.ok) return;
  list.innerHTML = await answer.text();
  mark(list.querySelector("[role=option]"));
}

function mark(option) {
  for (const other of dialog.querySelectorAll("[role=option]")) other.setAttribute("aria-selected", String(other === option));
  dialog.querySelector("input[type=search]").setAttribute("aria-activedescendant", option?.id ?? "");
  option?.scrollIntoView({ block: "nearest" });
}

function choose(row) {
  const link = row.querySelector("[data-choose]");
  if (!link) return;
  dialog.dataset.searchUrl = row.dataset.searchUrl;
  dialog.querySelector("form").action = link.dataset.choose;
  dialog.querySelector("[data-choose-name]").textContent = row.querySelector(".raw a").textContent;
  dialog.querySelector("ul").replaceChildren();
  const input = dialog.querySelector("input[type=search]");
  input.value = "";
  dialog.returnRow = row.id;
  dialog.showModal();
  input.focus();
  find(); // what the words of the name leave possible
}

function pick(option) {
  const form = dialog.querySelector("form");
  form.elements.procedure.value = option.dataset.procedure;
  dialog.close();
  decide(form);
}

if (table && dialog) {
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-decide]")) return;
    event.preventDefault();
    decide(event.target);
  });
  table.addEventListener("click", (event) => {
    const link = event.target.closest("[data-more]");
    const other = event.target.closest("[data-choose]");
    if (!link && !other) return;
    event.preventDefault();
    if (link) more(link);
    else choose(rowOf(other));
  });
  // Before the keys of every page: on a row they mean the name, not the page.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
    const row = document.activeElement?.matches?.("tr[data-row]") ? rowOf(document.activeElement) : null;
    const act = {
      Enter: () => { const form = row.querySelector('[data-decide="confirm"]'); if (form) decide(form); else choose(row); },
      "/": () => choose(row),
      x: () => { const form = row.querySelector('[data-decide="ignore"]'); if (form) decide(form); },
      u: () => undo(row),
    }[event.key];
    if (!row || !act) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  }, true);
  dialog.querySelector("input[type=search]").addEventListener("input", find);
  dialog.addEventListener("keydown", (event) => {
    const options = [...dialog.querySelectorAll("[role=option]")];
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") mark(options[Math.min(at + 1, options.length - 1)]);
    else if (event.key === "ArrowUp") mark(options[Math.max(at - 1, 0)]);
    else if (event.key === "Enter") { if (options[at]) pick(options[at]); }
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) pick(option);
  });
  dialog.addEventListener("close", () => document.getElementById(dialog.returnRow)?.focus());
}
