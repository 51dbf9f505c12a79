// Drag and drop: files, folders and ZIPs travel in one upload with a bar; the job page then follows.
import { signedIn } from "./_session.js";

const form = document.querySelector("form[data-drop]");

async function* filesOf(entry, path = "") {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    yield [file, path + entry.name];
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!batch.length) return;
    for (const child of batch) yield* filesOf(child, `${path}${entry.name}/`);
  }
}

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => [file, file.name]);
  const found = [];
  for (const entry of entries) for await (const one of filesOf(entry)) found.push(one);
  return found;
}

async function send(files) {
  if (!files.length || !(await signedIn())) return;
  const body = new FormData();
  for (const [file, name] of files) body.append("files", file, name);
  const box = form.querySelector(".drop-progress");
  const bar = box.querySelector("progress");
  const words = box.querySelector("[role=status]");
  box.hidden = false;
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("X-CSRFToken", form.elements.csrf_token.value);
  request.setRequestHeader("X-Requested-With", "upload");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable) return;
    bar.value = (100 * event.loaded) / event.total;
    words.textContent = `${files.length} files, ${Math.round(bar.value)} % sent`;
  });
  request.addEventListener("load", () => {
    if (request.status === 200) location.assign(JSON.parse(request.responseText).job);
    else words.textContent = request.status === 413 ? "Too large: import fewer files at a time." : `The upload was refused (${request.status}). Load the page again and retry.`;
  });
  request.addEventListener("error", () => { words.textContent = "The connection broke. Nothing was imported; try again."; });
  request.send(body);
}

if (form) {
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => send([...input.files].map((file) => [file, file.webkitRelativePath || file.name])));
  }
  for (const kind of ["dragenter", "dragover"]) {
    document.addEventListener(kind, (event) => { event.preventDefault(); form.classList.add("is-over"); });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("is-over"); });
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    form.classList.remove("is-over");
    send(await dropped(event.dataTransfer));
  });
}
