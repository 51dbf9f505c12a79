// What a decision sends back: the row as it stands now, counts beside it, and a toast with undo.
const TOAST_MS = 10_000;

export function place(html) {
  const part = document.createElement("template");
  part.innerHTML = html;
  const rows = [...part.content.querySelectorAll("[data-row]")];
  for (const row of rows) document.getElementById(row.id)?.replaceWith(row);
  for (const fresh of part.content.querySelectorAll("[data-replace]")) document.getElementById(fresh.id)?.replaceWith(fresh);
  const toast = part.content.querySelector("[data-toast]");
  if (toast) {
    document.querySelector(".toasts").replaceChildren(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
  }
  return rows[0];
}
