// Unassigned readings by keyboard: j k move (_keys.js), 1-9 assign, n no patient, u undo.
// Each act is a form of the page; this only finds it, and says which reading comes next.
const grid = document.querySelector("[data-unassigned]");
const TYPING = "input, textarea, select, [contenteditable]";

function current() {
  return grid.querySelector("tr[aria-current]");
}

function follower() {
  const links = [...grid.querySelectorAll("[data-loose]")];
  const at = links.findIndex((link) => link.closest("tr") === current());
  const next = links[at + 1] ?? links[at - 1];
  return next?.closest("tr").id.slice(2) ?? "";
}

// The reading whose candidates are shown is the one that keys decide on, never another.
function opened(link) {
  current()?.removeAttribute("aria-current");
  link.closest("tr").setAttribute("aria-current", "true");
}

function send(form) {
  form?.requestSubmit();
}

if (grid) {
  document.addEventListener("htmx:after:swap", () => {
    const shown = document.querySelector("#loose-one [data-record]")?.dataset.record;
    const link = shown && document.getElementById(`r-${shown}`)?.querySelector("[data-loose]");
    if (link) opened(link);
  });
  document.addEventListener("submit", ({ target }) => {
    const next = target.querySelector("[data-next]");
    if (next) next.value = follower();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.(TYPING) || document.querySelector("dialog[open]")) return;
    const focused = document.activeElement?.closest?.("[data-unassigned] tr[id]");
    const isShown = !focused || focused === current();
    const act = /^[1-9]$/.test(event.key)
      ? () => isShown && send(document.querySelector(`#loose-one [data-assign="${event.key}"]`))
      : {
          n: () => isShown && document.querySelector("#loose-one [data-no-patient]")?.focus(),
          u: () => send(document.querySelector(".toasts form, #loose-one [data-undo-loose]")),
        }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  // After a decision the list goes on where it was.
  current()?.focus({ preventScroll: true });
}
