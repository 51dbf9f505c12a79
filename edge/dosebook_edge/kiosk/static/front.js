// The list of drafts: what a draft begins with is chosen as in the editor.
import { Entry } from "./entry.js";

new Entry(document.querySelector("[data-entry]")).listen(document);
document.documentElement.dataset.ready = "";
