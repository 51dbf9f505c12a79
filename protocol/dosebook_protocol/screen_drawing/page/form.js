// The form of a screen profile: parts that come and go, places in numbers, and all of it as a
// snapshot. The form is what counts; the drawing reads from it and writes to it.
const APART = new Set(["csrf_token", "token", "version"]); // of the page, not of the profile
const number = (input) => Number.parseInt(input.value, 10);

export class ProfileForm {
  constructor(form, blanks) {
    this.form = form;
    this.blanks = blanks;
  }

  /** The part of a path, `field[2]`; null where there is none. */
  item(path) {
    return this.form.querySelector(`[data-item="${CSS.escape(path)}"]`);
  }

  /** Add an empty part to the list of a path, `table[0].column`. */
  add(path) {
    const list = this.form.querySelector(`[data-list="${CSS.escape(path)}"]`);
    const section = path.split(".").at(-1).replace(/\[.*/, "");
    const blank = this.blanks.querySelector(`template[data-blank="${section}"]`);
    const rows = list.querySelector(":scope > ul");
    const made = document.createElement("template");
    made.innerHTML = blank.innerHTML.replaceAll("NEW", `${path}[${rows.children.length}]`);
    rows.append(made.content);
    this.#count(list);
    this.tidy(rows.lastElementChild);
    return rows.lastElementChild;
  }

  /** Remove a part; the paths of those behind it follow. */
  remove(item) {
    const list = item.closest("[data-list]");
    item.remove();
    [...list.querySelector(":scope > ul").children].forEach((one, index) => this.#rename(one, `${list.dataset.list}[${index}]`));
    this.#count(list);
  }

  /** Four numbers of a box or two of a span; null where one of them is missing. */
  place(fieldset) {
    const sides = [...fieldset.querySelectorAll(".sides input")].map(number);
    return sides.some(Number.isNaN) ? null : sides;
  }

  setPlace(fieldset, sides) {
    fieldset.querySelectorAll(".sides input").forEach((input, index) => { input.value = sides[index]; });
    // The pixels of a patch are those of its place: they are cut anew.
    const pixels = fieldset.dataset.box.startsWith("patch[") && fieldset.closest("[data-item]").querySelector('input[name$=".png"]');
    if (pixels) pixels.value = "";
  }

  value(name) {
    return this.form.elements.namedItem(name)?.value ?? "";
  }

  set(name, value) {
    const field = this.form.elements.namedItem(name);
    if (field) field.value = value;
  }

  /** Everything that the form says. */
  snapshot() {
    return JSON.stringify([...new FormData(this.form)].filter(([name]) => !APART.has(name)));
  }

  /** Make the form say what a snapshot says. */
  restore(text) {
    const entries = JSON.parse(text);
    const names = entries.map(([name]) => name);
    const open = new Set([...this.form.querySelectorAll("[data-item] > details[open]")].map((one) => one.parentElement.dataset.item));
    for (const list of this.form.querySelectorAll(":scope > [data-list]")) this.#fill(list, names);
    const seen = new Map();
    for (const box of this.form.querySelectorAll("input[type=checkbox]")) box.checked = names.includes(box.name);
    for (const [name, value] of entries) {
      const at = seen.get(name) ?? 0;
      seen.set(name, at + 1);
      const field = this.form.elements.namedItem(name);
      const one = field instanceof RadioNodeList ? field[at] : field;
      if (one && one.type !== "checkbox") one.value = value;
    }
    for (const item of this.form.querySelectorAll("[data-item]")) {
      if (open.has(item.dataset.item)) item.firstElementChild.open = true;
      this.tidy(item);
    }
  }

  /** Titles and what belongs to the kind of a check, after a change inside a part. */
  tidy(item) {
    const path = item.dataset.item;
    const title = item.querySelector(":scope > details > summary [data-title]");
    title.textContent = ["label", "name", "what", "kind"].map((key) => this.value(`${path}.${key}`)).find(Boolean) ?? title.dataset.none;
    const kind = this.value(`${path}.kind`);
    for (const one of item.querySelectorAll("[data-only]")) one.hidden = !one.dataset.only.split(" ").includes(kind);
  }

  #fill(list, names) {
    const rows = list.querySelector(":scope > ul");
    rows.replaceChildren();
    const path = list.dataset.list;
    const wanted = new Set(names.filter((name) => name.startsWith(`${path}[`)).map((name) => name.slice(path.length + 1).split("]")[0]));
    for (let left = wanted.size; left > 0; left--) {
      for (const inner of this.add(path).querySelectorAll("[data-list]")) this.#fill(inner, names);
    }
    this.#count(list);
  }

  #count(list) {
    list.querySelector("[data-count]").textContent = list.querySelector(":scope > ul").children.length;
  }

  #rename(item, path) {
    const old = item.dataset.item;
    if (old === path) return;
    for (const one of [item, ...item.querySelectorAll("*")]) {
      for (const { name, value } of [...one.attributes]) {
        if (name !== "class" && value.includes(old)) one.setAttribute(name, value.replace(old, path));
      }
    }
  }
}
