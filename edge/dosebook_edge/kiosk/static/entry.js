// Typing without a keyboard: a touch on a field opens it over the whole screen, with keys, a number
// pad or its choices. A real keyboard writes into it as well; Escape leaves it as it was.
const LETTERS = ["1234567890", "qwertyuiop", "asdfghjkl-", "zxcvbnm,.="];
const SIGNS = ["1234567890", "*/+_:;=()%", "·²³µ°<>#&'", "[]{}\"!?@|\\"];
const ACCENTS = ["àáâäãåæçèé", "êëìíîïñòóô", "öõøœùúûüýß", "ąćęłńśźżčř"];
const NUMBERS = ["789", "456", "123", ".0-"];
const LAYERS = { abc: LETTERS, "*²µ": SIGNS, äéñ: ACCENTS };

function button(words, does, name = "key") {
  const made = Object.assign(document.createElement("button"), { type: "button", className: name, textContent: words });
  made.addEventListener("click", does);
  return made;
}

export class Entry {
  #layer = "abc";
  #isUpper = false;

  constructor(dialog) {
    this.dialog = dialog;
    this.keys = dialog.querySelector("[data-entry-keys]");
    this.acts = dialog.querySelector("[data-entry-acts]");
    dialog.querySelector("form").addEventListener("submit", (event) => { event.preventDefault(); this.done(); });
    dialog.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** Open for every field of the page that is touched or clicked. */
  listen(page) {
    page.addEventListener("pointerdown", (event) => {
      if (this.#isFor(event.target)) event.preventDefault();
    });
    page.addEventListener("mousedown", (event) => {
      if (this.#isFor(event.target)) event.preventDefault(); // a select opens its own list here
    });
    page.addEventListener("click", (event) => {
      const field = this.#isFor(event.target);
      if (field) this.open(field);
    });
  }

  #isFor(target) {
    return target.closest("dialog") ? null : target.closest("input:not([type=checkbox], [type=file], [type=hidden]), textarea, select");
  }

  open(field) {
    this.field = field;
    const label = field.ariaLabel ?? field.labels?.[0]?.firstChild.textContent.trim() ?? "";
    this.dialog.querySelector("[data-entry-label]").textContent = label;
    this.dialog.querySelector("[data-entry-hint]").textContent = field.labels?.[0]?.querySelector(".muted")?.textContent ?? "";
    this.copy = document.createElement(field.tagName === "TEXTAREA" ? "textarea" : "input");
    Object.assign(this.copy, { value: field.value, ariaLabel: label, spellcheck: false, autocomplete: "off" });
    this.copy.inputMode = "none"; // the keys are here
    this.dialog.querySelector("[data-entry-field]").replaceChildren(this.copy);
    this.#isUpper = false;
    this.#layer = "abc";
    const options = [...(field.tagName === "SELECT" ? field.options : (field.list?.options ?? []))];
    if (options.length) this.#choices(options);
    else this.#typing();
    this.dialog.showModal();
    if (!this.copy.hidden) { this.copy.focus(); this.copy.select(); }
  }

  done() {
    const { field, copy } = this;
    this.dialog.close();
    if (field.value === copy.value) return;
    field.value = copy.value;
    for (const what of ["input", "change"]) field.dispatchEvent(new Event(what, { bubbles: true }));
  }

  #pressed(event) {
    if (event.key !== "Enter" || event.target !== this.copy) return;
    if (this.copy.tagName === "TEXTAREA" && !event.ctrlKey) return;
    event.preventDefault();
    this.done();
  }

  #choices(options) {
    const isList = this.field.tagName !== "SELECT";
    this.copy.hidden = true;
    const made = options.map((one) => {
      const choice = button(one.text || one.value || "none", () => { this.copy.value = one.value; this.done(); });
      choice.setAttribute("aria-pressed", String(one.value === this.field.value));
      return choice;
    });
    if (isList) made.push(button("Another…", () => { this.copy.hidden = false; this.#typing(); this.copy.focus(); }));
    this.acts.replaceChildren(button("Leave it", () => this.dialog.close()));
    this.keys.className = "entry-keys is-choices";
    this.keys.replaceChildren(...made);
    made.find((one) => one.ariaPressed === "true")?.scrollIntoView({ block: "nearest" });
  }

  #typing() {
    const isNumber = this.field.type === "number" || this.field.inputMode === "decimal";
    this.keys.className = `entry-keys ${isNumber ? "is-numbers" : "is-letters"}`;
    const rows = isNumber ? NUMBERS : LAYERS[this.#layer];
    const letters = [...rows.join("")].map((one) => {
      const sign = this.#isUpper ? one.toUpperCase() : one;
      return button(sign === "ß".toUpperCase() ? "ß" : sign, () => this.#type(sign));
    });
    const acts = [
      button("⌫", () => this.#back()),
      button("Clear", () => this.#replace(0, this.copy.value.length, "")),
      button("Leave it", () => this.dialog.close()),
      button("Done", () => this.done(), "key primary"),
    ];
    if (!isNumber) acts.unshift(...this.#layers());
    this.keys.replaceChildren(...letters);
    this.acts.replaceChildren(...acts);
  }

  #layers() {
    const made = Object.keys(LAYERS).filter((one) => one !== this.#layer).map((one) => button(one, () => { this.#layer = one; this.#typing(); }));
    const shift = button("⇧", () => { this.#isUpper = !this.#isUpper; this.#typing(); });
    shift.ariaLabel = "Capitals";
    shift.setAttribute("aria-pressed", String(this.#isUpper));
    made.unshift(shift);
    made.push(button("␣", () => this.#type(" ")));
    if (this.copy.tagName === "TEXTAREA") made.push(button("↵", () => this.#type("\n")));
    return made;
  }

  #type(text) {
    this.#replace(this.copy.selectionStart, this.copy.selectionEnd, text);
    if (this.#isUpper) { this.#isUpper = false; this.#typing(); }
  }

  #back() {
    const { selectionStart: start, selectionEnd: end } = this.copy;
    this.#replace(start === end ? Math.max(0, start - 1) : start, end, "");
  }

  #replace(start, end, text) {
    this.copy.setRangeText(text, start, end, "end");
    this.copy.focus();
  }
}
