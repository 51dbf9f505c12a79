// What was typed outlives the session: before a form is sent from a page that stood open for a
// while, the page asks whether somebody is still signed in, and if not, signs in without leaving.
const FRESH_MS = 60_000;
const AGAIN_MS = 10_000;
const template = document.getElementById("signed-out-dialog"); // where somebody is signed in
const passed = new WeakSet(); // forms that were asked for, and go on
const sent = new WeakMap(); // forms on their way, and since when
let heard = performance.now();

export function token() {
  return document.querySelector('meta[name="csrf-token"]')?.content;
}

/** Whether a form may be sent now: at once where somebody is signed in, else once they are again. */
export async function signedIn() {
  if (!template || performance.now() - heard < FRESH_MS) return true;
  try {
    return take(await state()) || (await signInAgain());
  } catch {
    return true; // no answer at all: sending says so
  }
}

async function state() {
  return (await fetch(template.dataset.session)).json();
}

/** Go on with what the registry says; false where nobody, or somebody else, is signed in. */
function take({ login, token: fresh }) {
  document.querySelector('meta[name="csrf-token"]').content = fresh;
  for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = fresh;
  if (login !== template.dataset.login) return false;
  heard = performance.now();
  return true;
}

/** Show the dialog until somebody is signed in, or left it. */
function signInAgain() {
  document.body.append(template.content.cloneNode(true));
  const dialog = document.getElementById("signed-out");
  const form = dialog.querySelector("form");
  form.elements.csrf_token.value = token();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const failed = await enter(form);
    if (!failed) { dialog.close("signed-in"); return; }
    for (const note of dialog.querySelectorAll("[role=alert]")) note.hidden = !(failed in note.dataset);
    form.elements.password.select();
  });
  dialog.querySelector("[data-not-now]").addEventListener("click", () => dialog.close());
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "signed-in");
    });
  });
}

/** Sign in; what failed, if anything. */
async function enter(form) {
  try {
    const body = new URLSearchParams(new FormData(form));
    await fetch(form.action, { method: "POST", body, redirect: "manual" });
    return take(await state()) ? "" : "refused";
  } catch {
    return "broken";
  }
}

document.addEventListener("drawing:send", ({ detail }) => { detail.ready = signedIn(); });
document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (form.getAttribute("method")?.toLowerCase() !== "post" || form.closest("#signed-out")) return;
  if (!passed.has(form) && template && performance.now() - heard >= FRESH_MS) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!(await signedIn())) return;
    passed.add(form);
    form.requestSubmit(submitter);
    return;
  }
  passed.delete(form);
  // A second press while the first answer is on its way sends nothing twice.
  if (performance.now() - (sent.get(form) ?? -Infinity) < AGAIN_MS) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  setTimeout(() => { if (!event.defaultPrevented) sent.set(form, performance.now()); });
}, true);
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) sent.delete(form);
});
