// <screen-drawing>: the picture with every place of the profile on it, for mouse, finger and keys.
import { drawn, shapesOf } from "./shapes.js";

const SVG = "http://www.w3.org/2000/svg";
const SMALLEST = 4;
const HINTS = {
  "": "Choose a box: arrow keys move it, Shift with arrow keys resizes it, Delete removes it. Or draw it anew with a tool.",
  anchor: "Draw around words that are always there, tight at their left edge.",
  field: "Draw around a value, with room for the longest number.",
  unit: "Draw around the unit of the chosen value or column.",
  patient: "Draw around the patient's number, name or accession number.",
  table: "Draw the first row of the table over its whole height.",
  column: "Draw over the numbers of a column: left and right edge count.",
  footer: "Draw over the total below the last row: left and right edge count.",
  patch: "Draw around something that never changes, as a logo.",
};

function make(name, attributes = {}) {
  const one = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  return one;
}

export class ScreenDrawing extends HTMLElement {
  #profile;
  #tool = "";
  #chosen = ""; // key of the shape that is chosen
  #shapes = [];
  #drag = null;

  /** Begin to draw what a form says; `changed` is called after each change, with whether it is whole. */
  begin(profile, changed) {
    this.#profile = profile;
    this.changed = changed;
    const picture = this.querySelector("[data-picture]");
    this.screen = { width: Number(this.dataset.width), height: Number(this.dataset.height) };
    this.svg = make("svg", { class: "draw-svg", role: "group", "aria-label": "The screen with what is drawn on it" });
    this.image = make("image", { href: picture.src });
    this.layer = make("g");
    this.svg.append(this.image, this.layer);
    picture.replaceWith(this.svg);
    this.show(picture.src, Number(picture.getAttribute("width")), Number(picture.getAttribute("height")));
    this.querySelector(".draw-tools").hidden = false;
    this.#listen();
    this.take("");
    this.draw();
  }

  /** Put another picture under the drawing. */
  show(src, width, height) {
    for (const [key, value] of Object.entries({ href: src, width, height })) this.image.setAttribute(key, value);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.natural = width;
    this.#zoom();
  }

  /** Take a tool: "" moves what is there. */
  take(tool) {
    this.#tool = tool;
    this.svg.classList.toggle("is-drawing", tool !== "");
    for (const one of this.querySelectorAll("[data-tool]")) one.setAttribute("aria-pressed", String(one.dataset.tool === tool));
    this.say((tool === "" && this.dataset.hintMove) || HINTS[tool]);
  }

  say(words) {
    this.querySelector("[data-hint]").textContent = words;
  }

  /** Choose the first place of a part, as when its fields are entered. */
  choose(item) {
    const shape = this.#shapes.find((one) => one.item === item);
    if (!shape || shape.key === this.#chosen) return;
    this.#chosen = shape.key;
    this.draw();
  }

  /** Draw all places anew from the form. */
  draw() {
    this.screen.width = Number(this.#profile.value("screen.width")) || this.natural;
    this.screen.height = Number(this.#profile.value("screen.height")) || Number(this.image.getAttribute("height"));
    const hadFocus = this.layer.contains(document.activeElement) && document.activeElement.dataset.key;
    this.#shapes = shapesOf(this.#profile, this.screen);
    this.layer.replaceChildren(...this.#shapes.map((shape) => this.#group(shape)));
    if (hadFocus) this.#focus(hadFocus);
  }

  #group(shape) {
    const [x, y, width, height] = shape.box;
    const isChosen = shape.key === this.#chosen;
    const group = make("g", {
      class: `shape is-${shape.kind}${isChosen ? " is-chosen" : ""}`, tabindex: "0", role: "button",
      "aria-label": `${shape.words}: left ${x}, top ${y}, ${width} by ${height}`, "data-key": shape.key,
    });
    group.append(make("rect", { x, y, width, height, class: "area" }));
    for (const line of shape.lines ?? []) group.append(make("line", { x1: x, x2: x + width, y1: line, y2: line }));
    if (isChosen) {
      const size = this.#perPixel();
      group.append(make("circle", { cx: x + width, cy: y + height, r: 13 * size, class: "grip" }));
      group.append(make("rect", { x: x + width - 4 * size, y: y + height - 4 * size, width: 8 * size, height: 8 * size, class: "corner" }));
    }
    return group;
  }

  #perPixel() {
    const matrix = this.svg.getScreenCTM();
    return matrix?.a ? 1 / matrix.a : 1;
  }

  #focus(key) {
    this.layer.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
  }

  #zoom() {
    const scale = this.querySelector("[data-zoom]").value;
    const stage = this.svg.parentElement;
    const whole = (stage.clientHeight * this.natural) / this.image.getAttribute("height");
    const width = scale === "whole" ? Math.min(whole, stage.clientWidth) : this.natural * Number(scale);
    this.svg.style.width = scale === "fit" ? "100%" : `${width}px`;
  }

  #at(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [point.x, point.y];
  }

  #listen() {
    this.addEventListener("click", (event) => {
      const tool = event.target.closest("[data-tool]");
      if (tool) this.take(tool.dataset.tool);
    });
    this.querySelector("[data-zoom]").addEventListener("change", () => { this.#zoom(); this.draw(); });
    this.svg.addEventListener("pointerdown", (event) => this.#down(event));
    this.svg.addEventListener("pointermove", (event) => this.#moved(event));
    for (const end of ["pointerup", "pointercancel"]) this.svg.addEventListener(end, (event) => this.#up(event));
    this.layer.addEventListener("keydown", (event) => this.#pressed(event));
    this.layer.addEventListener("focusin", (event) => this.#enter(event.target.closest("[data-key]")?.dataset.key));
  }

  #enter(key) {
    if (!key || key === this.#chosen) return;
    this.#chosen = key;
    this.draw();
    this.#focus(key);
    this.#open(this.#shapes.find((one) => one.key === key).item);
  }

  /** Open the fields of a part beside the picture. */
  #open(item) {
    for (let one = item; one; one = one.parentElement?.closest("[data-item]")) one.firstElementChild.open = true;
    const form = item.closest("form");
    const list = form.getBoundingClientRect();
    // Only the column of the form scrolls: the picture stays.
    if (form.scrollHeight > form.clientHeight) form.scrollTop += item.getBoundingClientRect().top - list.top - 60;
  }

  #down(event) {
    if (event.button) return;
    const at = this.#at(event);
    const group = event.target.closest("[data-key]");
    if (this.#tool) this.#drag = { from: at };
    else if (group) {
      const isGrip = event.target.matches(".grip, .corner");
      this.#enter(group.dataset.key);
      this.#focus(group.dataset.key);
      this.#drag = { from: at, shape: this.#shapes.find((one) => one.key === group.dataset.key), isGrip };
    } else return;
    this.svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  #moved(event) {
    if (!this.#drag) return;
    const [x, y] = this.#at(event);
    const { from, shape, isGrip } = this.#drag;
    if (!shape) {
      this.#drag.band ??= this.svg.appendChild(make("rect", { class: "band" }));
      const [left, top, width, height] = this.#band(from, [x, y]);
      for (const [key, value] of Object.entries({ x: left, y: top, width, height })) this.#drag.band.setAttribute(key, value);
      return;
    }
    shape[isGrip ? "resize" : "move"](x - from[0], y - from[1]);
    this.#drag.isMoved = true;
    this.draw();
  }

  #band([x1, y1], [x2, y2]) {
    const clamp = (value, most) => Math.round(Math.min(Math.max(value, 0), most));
    const left = clamp(Math.min(x1, x2), this.screen.width);
    const top = clamp(Math.min(y1, y2), this.screen.height);
    return [left, top, clamp(Math.max(x1, x2), this.screen.width) - left, clamp(Math.max(y1, y2), this.screen.height) - top];
  }

  #up(event) {
    const drag = this.#drag;
    this.#drag = null;
    if (!drag) return;
    drag.band?.remove();
    if (drag.shape) { if (drag.isMoved) this.changed(true); return; }
    const band = this.#band(drag.from, this.#at(event));
    if (event.type === "pointercancel" || band[2] < SMALLEST || band[3] < SMALLEST) return;
    this.#add(band);
  }

  #add(band) {
    const selected = this.#shapes.find((one) => one.key === this.#chosen)?.item ?? null;
    const made = drawn(this.#profile, this.#tool, band, selected, this.screen);
    if (typeof made === "string") { this.say(made); return; }
    const isUnit = this.#tool === "unit";
    this.take("");
    this.#shapes = shapesOf(this.#profile, this.screen);
    const own = this.#shapes.filter((one) => one.item === made);
    const shape = (isUnit && own.find((one) => one.kind === "unit")) || own.find((one) => one.kind !== "unit");
    this.#chosen = shape?.key ?? "";
    this.draw();
    this.#open(made);
    this.#focus(this.#chosen);
    this.changed(true);
  }

  #pressed(event) {
    const shape = this.#shapes.find((one) => one.key === event.target.closest("[data-key]")?.dataset.key);
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!shape || event.ctrlKey || event.metaKey || event.altKey) return;
    if (step) {
      shape[event.shiftKey ? "resize" : "move"](...step);
      this.draw();
      this.changed(false);
    } else if (event.key === "Delete") {
      this.#chosen = "";
      this.#profile.remove(shape.item);
      this.draw();
      this.changed(true);
    } else if (event.key === "Enter") {
      this.#open(shape.item);
      shape.item.querySelector("details input, details select, details textarea")?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

customElements.define("screen-drawing", ScreenDrawing);
