// The page of a profile: undo, keeping as one goes, what the box says is wrong, and reading back.
import { ProfileForm } from "./form.js";
import "./drawing.js";

const page = document.querySelector("[data-profile]");
const KEEP_AFTER_MS = 900;
const ASK_AFTER_MS = 600; // each question starts a program
const TOGETHER_MS = 400; // arrow keys held down are one change

class Editor {
  constructor() {
    this.form = document.getElementById("profile");
    this.profile = new ProfileForm(this.form, page);
    this.drawing = page.querySelector("screen-drawing");
    this.past = [];
    this.future = [];
    this.now = this.kept = this.profile.snapshot();
    this.keeping = Promise.resolve(true);
    for (const item of this.form.querySelectorAll("[data-item]")) this.profile.tidy(item);
    this.drawing?.begin(this.profile, (isWhole) => this.changed(isWhole));
    this.listen();
    this.ask();
    page.dataset.ready = "";
  }

  listen() {
    this.form.addEventListener("click", (event) => this.clicked(event));
    this.form.addEventListener("change", (event) => this.edited(event));
    this.form.addEventListener("input", () => this.drawing?.draw());
    this.form.addEventListener("focusin", (event) => {
      const item = event.target.closest("[data-item]");
      if (item) this.drawing?.choose(item);
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (event.submitter?.hasAttribute("data-read-back")) this.readBack();
      else this.keep();
    });
    const [undo, redo] = [page.querySelector("[data-undo]"), page.querySelector("[data-redo]")];
    undo.hidden = redo.hidden = false;
    undo.addEventListener("click", () => this.step(this.past, this.future));
    redo.addEventListener("click", () => this.step(this.future, this.past));
    document.addEventListener("keydown", (event) => this.pressed(event));
    page.querySelector("[data-first-fault]").addEventListener("click", () => this.mend());
    page.addEventListener("click", (event) => this.left(event));
    for (const form of page.querySelectorAll("form[data-leaves]")) {
      form.addEventListener("submit", async (event) => {
        if (this.isKept()) return;
        event.preventDefault();
        if (await this.keep()) form.requestSubmit(event.submitter);
      });
    }
    addEventListener("beforeunload", (event) => { if (!this.isKept()) event.preventDefault(); });
  }

  isKept() {
    return this.profile.snapshot() === this.kept;
  }

  clicked(event) {
    const add = event.target.closest("[data-add]");
    const remove = event.target.closest("[data-remove]");
    if (!add && !remove) return;
    event.preventDefault();
    if (remove) {
      const item = remove.closest("[data-item]");
      const list = item.closest("[data-list]");
      this.profile.remove(item);
      list.querySelector(":scope > [data-add]").focus();
    } else this.added(add.closest("[data-list]").dataset.list);
    this.drawing?.draw();
    this.changed(true);
  }

  /** A part that was added by its button stands in the middle, from where arrow keys take it. */
  added(path) {
    const item = this.profile.add(path);
    const place = item.querySelector(`[data-box="${CSS.escape(`${item.dataset.item}.box`)}"], [data-box="${CSS.escape(`${item.dataset.item}.x`)}"]`);
    const [width, height] = ["width", "height"].map((side) => Number(this.profile.value(`screen.${side}`)) || 640);
    if (place) this.profile.setPlace(place, place.dataset.sides === "box" ? [width / 2 - 60, height / 2 - 12, 120, 24].map(Math.round) : [Math.round(width / 2) - 40, 80]);
    item.firstElementChild.open = true;
    item.querySelector("input:not([type=hidden]), select, textarea").focus();
  }

  edited(event) {
    if (event.target.name === "id") page.querySelector("h1").textContent = event.target.value || "New profile";
    const item = event.target.closest("[data-item]");
    if (item) {
      if (event.target.name.endsWith(".quantity")) this.suggest(item, event.target);
      const box = event.target.closest("[data-box]");
      if (box) this.profile.setPlace(box, [...box.querySelectorAll(".sides input")].map((one) => one.value));
      this.profile.tidy(item);
    }
    this.drawing?.draw();
    this.changed(true);
  }

  /** A value without a name is called after its quantity. */
  suggest(item, select) {
    const path = item.dataset.item;
    const names = new Set([...this.form.querySelectorAll('input[name$=".name"]')].map((one) => one.value));
    let name = select.value;
    for (let again = 2; names.has(name); again++) name = `${select.value}_${again}`;
    if (!this.profile.value(`${path}.name`)) this.profile.set(`${path}.name`, name);
    if (!this.profile.value(`${path}.label`)) this.profile.set(`${path}.label`, select.selectedOptions[0].text.replace(/ \([a-z_0-9]+\)$/, ""));
  }

  /** A change was made; whole ones are a step of undo at once, others together. */
  changed(isWhole) {
    clearTimeout(this.together);
    if (isWhole) this.commit();
    else this.together = setTimeout(() => this.commit(), TOGETHER_MS);
  }

  commit() {
    clearTimeout(this.together);
    const text = this.profile.snapshot();
    if (text === this.now) return;
    this.past.push(this.now);
    this.future = [];
    this.now = text;
    this.later();
  }

  step(from, to) {
    this.commit();
    const text = from.pop();
    if (text === undefined) return;
    to.push(this.now);
    this.now = text;
    this.profile.restore(text);
    this.drawing?.draw();
    this.later();
  }

  later() {
    page.querySelector("[data-undo]").disabled = !this.past.length;
    page.querySelector("[data-redo]").disabled = !this.future.length;
    this.say("Not kept yet…");
    clearTimeout(this.asking);
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.keep(), KEEP_AFTER_MS);
  }

  pressed(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.matches("input:not([type=checkbox]), textarea")) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) this.step(this.past, this.future);
    else if (key === "y" || (key === "z" && event.shiftKey)) this.step(this.future, this.past);
    else return;
    event.preventDefault();
  }

  say(words) {
    page.querySelector("[data-state]").textContent = words;
  }

  trouble(words) {
    const note = page.querySelector("[data-problem]");
    note.hidden = !words;
    note.querySelector("span").textContent = words ? words[0].toUpperCase() + words.slice(1) : "";
  }

  /** Send the form, once the page around it is ready: a page with sessions may have to ask first. */
  async send(address) {
    const detail = { ready: true };
    document.dispatchEvent(new CustomEvent("drawing:send", { detail }));
    await detail.ready;
    return fetch(address, { method: "POST", body: new URLSearchParams(new FormData(this.form)), headers: { "X-Requested-With": "drawing" } });
  }

  /** Keep the form, one request after the other; whether it is kept. */
  keep() {
    clearTimeout(this.waiting);
    this.commit();
    clearTimeout(this.waiting);
    this.keeping = this.keeping.then(() => (this.isKept() ? this.isAsBefore() : this.keepNow()));
    return this.keeping;
  }

  isAsBefore() {
    this.told();
    return true;
  }

  /** What is kept is told unless more was drawn meanwhile; the box is asked once nothing moves. */
  told() {
    if (!this.isKept()) return;
    this.say("Kept");
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.ask(), ASK_AFTER_MS);
  }

  async keepNow() {
    const text = this.profile.snapshot();
    try {
      const answer = await this.send(page.dataset.save);
      if (!answer.ok) {
        const isTold = answer.headers.get("Content-Type")?.startsWith("application/json");
        const said = isTold ? (await answer.json()).problem : `It was not kept (${answer.status}): load the page again.`;
        this.say("Not kept");
        this.trouble(said);
        return false;
      }
      this.form.elements.version.value = (await answer.json()).version;
    } catch {
      this.say("Not kept");
      this.trouble("The connection broke. What you drew is here still; Save tries again.");
      return false;
    }
    this.kept = text;
    this.told();
    return true;
  }

  /** Ask the box what is wrong, and show it beside the fields; the last question counts. */
  async ask() {
    const asked = (this.asked = {});
    let told;
    try {
      told = await (await fetch(page.dataset.faults)).json();
    } catch { return; }
    if (asked !== this.asked) return;
    this.trouble(told.problem);
    for (const place of page.querySelectorAll("[data-fault]")) {
      const said = told.places[place.dataset.fault] ?? [];
      place.hidden = !said.length;
      place.textContent = said.join("; ");
      const field = this.form.elements.namedItem(place.dataset.fault);
      if (field instanceof Element) field.ariaInvalid = said.length ? "true" : null;
    }
    for (const item of this.form.querySelectorAll("[data-item]")) {
      item.classList.toggle("has-fault", item.querySelector("[data-fault]:not([hidden])") !== null);
    }
    page.querySelector("[data-first-fault]").hidden = !this.firstFault();
    if (!told.problem && this.isKept()) this.say(told.faults ? `Kept; ${told.faults} to mend` : "Kept; nothing is wrong with it");
  }

  firstFault() {
    return this.form.querySelector("[data-fault]:not([hidden])");
  }

  /** Open the first field that is wrong, and enter it. */
  mend() {
    const fault = this.firstFault();
    if (!fault) return;
    for (let one = fault.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
    const within = fault.closest(".pf, [data-item], [data-list]") ?? this.form;
    (within.querySelector("input:not([type=hidden]), select, textarea, button") ?? this.form).focus();
    fault.scrollIntoView({ block: "center" });
  }

  async readBack() {
    const button = page.querySelector("[data-read-back]");
    const where = document.getElementById("read-back");
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    where.replaceChildren(Object.assign(document.createElement("p"), { className: "muted", textContent: "The box's program reads the pictures…" }));
    try {
      if (!(await this.keep())) { where.replaceChildren(); return; }
      const answer = await this.send(page.dataset.read);
      if (!answer.ok) throw new Error(answer.status);
      where.innerHTML = await answer.text();
    } catch {
      where.replaceChildren(Object.assign(document.createElement("p"), { className: "note alert", textContent: "Reading back broke off: load the page again and retry." }));
    } finally {
      button.ariaDisabled = "false";
    }
  }

  /** Links that leave the page, or show another picture. */
  async left(event) {
    const other = event.target.closest("[data-show-picture]");
    const download = event.target.closest("[data-download]");
    if (event.ctrlKey || event.metaKey) return;
    if (other && this.drawing) {
      event.preventDefault();
      const shown = other.querySelector("img");
      this.drawing.show(other.href, shown.getAttribute("width"), shown.getAttribute("height"));
      for (const one of page.querySelectorAll("[data-show-picture]")) if (one === other) one.setAttribute("aria-current", "true"); else one.removeAttribute("aria-current");
    } else if (download && !this.isKept()) {
      event.preventDefault();
      if (await this.keep()) location.assign(download.href);
    }
  }
}

if (page) new Editor();
