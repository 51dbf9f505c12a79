// What every page does. Pages work without it, as forms and links; this makes them quick.
import "htmx.org";
import { token } from "./_session.js";
import "./_keys.js";
import "./_upload.js";
import "./_procedures.js";
import "./_screens.js";
import "../../../../../protocol/dosebook_protocol/screen_drawing/page/editor.js";
import "./_rules.js";
import "./_skin_map.js";
import "./_unassigned.js";

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRFToken"] = token();
});

// Evidence opened beside an exam: mark the number, bring the pane into sight on narrow screens. Who
// opened it by keyboard stands in it then: behind hundreds of events nobody would tab to it.
let isByKeyboard = false;
document.addEventListener("htmx:after:swap", () => {
  const pane = document.getElementById("evidence");
  if (!pane?.querySelector(".evidence-head")) return;
  if (isByKeyboard) pane.focus({ preventScroll: true });
  isByKeyboard = false;
  if (pane.getBoundingClientRect().top < 0 || pane.getBoundingClientRect().top > innerHeight * 0.7) {
    pane.scrollIntoView({ block: "start" });
  }
});

document.addEventListener("click", (event) => {
  const source = event.target.closest("a.q.source");
  if (source && !event.ctrlKey && !event.metaKey) {
    for (const other of document.querySelectorAll("a.q.source.is-open")) other.classList.remove("is-open");
    source.classList.add("is-open");
    isByKeyboard = event.detail === 0;
  }
  const close = event.target.closest("[data-close-evidence]");
  if (close && closeEvidence()) event.preventDefault();
  if (event.target.closest("[data-print]")) window.print();
  const opener = event.target.closest("[data-open]");
  if (opener) {
    opener.closest("details")?.removeAttribute("open");
    document.getElementById(opener.dataset.open)?.showModal();
  }
  for (const menu of document.querySelectorAll("details.menu[open], details.dismiss[open]")) {
    if (!menu.contains(event.target)) menu.removeAttribute("open");
  }
});

for (const form of document.querySelectorAll("form[data-auto-submit]")) {
  form.addEventListener("change", ({ target }) => {
    // A field that stands in the place of another one gives way to it.
    for (const other of form.querySelectorAll(`[data-instead-of="${target.name}"]`)) other.value = "";
    form.requestSubmit();
  });
  // An empty field is a default: it does not belong in the address.
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
}

// What went wrong stays until the next page or a click, what can be undone until the next page.
for (const toast of document.querySelectorAll(".toast:not(:has(form))")) {
  if (toast.matches(".warn")) toast.addEventListener("click", () => toast.remove());
  else setTimeout(() => toast.remove(), 6000);
}

// A table that scrolls sideways scrolls by keyboard too, also where nothing in it takes the focus.
const scrolling = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
for (const wrap of document.querySelectorAll(".table-wrap")) scrolling.observe(wrap);

function closeEvidence() {
  const pane = document.getElementById("evidence");
  if (!pane?.querySelector(".evidence-head")) return false;
  const opened = document.querySelector("a.q.source.is-open");
  pane.innerHTML = "";
  pane.append(Object.assign(document.createElement("div"), {
    className: "evidence-empty muted",
    textContent: "Choose any number to see where it comes from.",
  }));
  opened?.classList.remove("is-open");
  opened?.focus();
  return true;
}

document.addEventListener("dosebook:escape", closeEvidence);
