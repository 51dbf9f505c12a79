// Keyboard: / search, j k rows, t chart or table, ? help, Escape closes.
const TYPING = "input, textarea, select, [contenteditable]";

function rows() {
  const tables = [...document.querySelectorAll("[data-rows]")];
  const focused = tables.find((table) => table.contains(document.activeElement));
  const seen = (table) => table.offsetParent !== null;
  const table = focused ?? tables.filter(seen).at(-1);
  return table ? [...table.querySelectorAll("[data-row-link], [data-row], a.q.source")].reduce(onePerRow, []) : [];
}

function onePerRow(found, target) {
  const row = target.closest("tr, [data-row]");
  if (!found.some((other) => other.closest("tr, [data-row]") === row)) found.push(target);
  return found;
}

function step(by) {
  const targets = rows();
  if (!targets.length) return;
  const row = document.activeElement?.closest("tr, [data-row]");
  const at = targets.findIndex((target) => target.closest("tr, [data-row]") === row);
  const next = targets[Math.min(Math.max(at + by, 0), targets.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function toggleTable() {
  const button = document.querySelector("[data-toggle-table]");
  const chart = document.querySelector("[data-chart]");
  const table = document.querySelector(".chart-table");
  if (!button || !chart || !table) return;
  const toTable = table.hidden;
  table.hidden = !toTable;
  chart.hidden = toTable;
  button.setAttribute("aria-pressed", String(toTable));
  document.dispatchEvent(new CustomEvent("dosebook:chart", { detail: { shown: !toTable } }));
}

document.querySelector("[data-toggle-table]")?.addEventListener("click", toggleTable);

const search = document.getElementById("search");
search?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") {
    document.querySelector(".live-hits a")?.focus();
    event.preventDefault();
  }
});
document.querySelector(".live-hits")?.addEventListener("keydown", (event) => {
  const links = [...event.currentTarget.querySelectorAll("a, button")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "ArrowDown") links[Math.min(at + 1, links.length - 1)]?.focus();
  else if (event.key === "ArrowUp") (at > 0 ? links[at - 1] : search).focus();
  else return;
  event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open], details.dismiss[open]");
    if (menu?.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu?.removeAttribute("open");
    if (document.activeElement === search || search?.form.contains(document.activeElement)) document.activeElement.blur();
    else document.dispatchEvent(new CustomEvent("dosebook:escape"));
    return;
  }
  if (event.target.matches?.(TYPING) || document.querySelector("dialog[open]")) return;
  const act = { "/": () => search?.focus(), j: () => step(1), k: () => step(-1), t: toggleTable, "?": () => document.getElementById("keys")?.showModal() }[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});
