// The places of a profile as rectangles on the picture, and what a move or a resize does to each.
const LEAST = 3;

/** Every place that the form has: {key, item, kind, words, box: [x, y, w, h], move(dx, dy), resize(dw, dh)}. */
export function shapesOf(profile, screen) {
  const shapes = [];
  for (const item of profile.form.querySelectorAll('[data-section="table"]')) shapes.push(...table(profile, item, screen));
  for (const fieldset of profile.form.querySelectorAll("[data-box]")) {
    const sides = profile.place(fieldset);
    if (!sides) continue;
    const item = fieldset.closest("[data-item]");
    const shape = fieldset.dataset.sides === "box" ? box(profile, fieldset, item, sides, screen) : span(profile, fieldset, item, sides, screen);
    if (shape) shapes.push(shape);
  }
  // The smaller lies above the larger, so that each can be reached.
  return shapes.sort((one, two) => two.box[2] * two.box[3] - one.box[2] * one.box[3]);
}

function named(profile, item) {
  const title = item.querySelector(":scope > details > summary [data-title]");
  return title.textContent;
}

function within(value, least, most) {
  return Math.round(Math.min(Math.max(value, least), Math.max(least, most)));
}

function box(profile, fieldset, item, [x, y, w, h], screen) {
  const isUnit = fieldset.dataset.box.endsWith(".unit_box");
  const set = (sides) => profile.setPlace(fieldset, sides);
  return {
    key: fieldset.dataset.box,
    item,
    kind: isUnit ? "unit" : item.dataset.section,
    words: `${isUnit ? "Unit of " : ""}${named(profile, item)}`,
    box: [x, y, w, h],
    move: (dx, dy) => set([within(x + dx, 0, screen.width - w), within(y + dy, 0, screen.height - h), w, h]),
    resize: (dw, dh) => set([x, y, within(w + dw, LEAST, screen.width - x), within(h + dh, LEAST, screen.height - y)]),
  };
}

/** A column is as high as the rows of its table; a total is shown where it stands below all of them. */
function span(profile, fieldset, item, [x, w], screen) {
  const owner = item.parentElement.closest("[data-item]");
  const rows = owner && rowsOf(profile, owner);
  if (!rows) return null;
  const kind = fieldset.dataset.box.endsWith(".label_x") ? "label" : item.dataset.section;
  const set = (sides) => profile.setPlace(fieldset, sides);
  const down = Number.parseInt(profile.value(`${item.dataset.item}.down`), 10) || 0;
  const below = Math.min(rows.top + rows.pitch * (rows.rows + down), screen.height - rows.pitch);
  const isColumn = item.dataset.section === "column";
  return {
    key: fieldset.dataset.box,
    item,
    kind,
    words: `${kind === "label" ? "Words of " : ""}${named(profile, item)}`,
    box: isColumn ? [x, rows.top, w, Math.min(rows.pitch * rows.rows, screen.height - rows.top)] : [x, below, w, rows.pitch],
    move: (dx) => set([within(x + dx, 0, screen.width - w), w]),
    resize: (dw) => set([x, within(w + dw, LEAST, screen.width - x)]),
  };
}

/** The rows of a table: it moves up and down, and its rows grow together. */
function table(profile, item, screen) {
  const rows = rowsOf(profile, item);
  if (!rows) return [];
  const path = item.dataset.item;
  const { top, pitch, height, rows: count } = rows;
  return [{
    key: path,
    item,
    kind: "table",
    words: named(profile, item),
    lines: Array.from({ length: count - 1 }, (_, index) => top + pitch * (index + 1)),
    box: [0, top, screen.width, Math.min(pitch * count, screen.height - top)],
    move: (_, dy) => profile.set(`${path}.top`, within(top + dy, 0, screen.height - pitch)),
    resize: (_, dh) => {
      const taller = within(pitch + dh, 6, screen.height - top);
      profile.set(`${path}.pitch`, taller);
      profile.set(`${path}.height`, Math.max(5, height + taller - pitch));
    },
  }];
}

function rowsOf(profile, item) {
  const [top, pitch, height, rows] = ["top", "pitch", "height", "rows"].map((key) => Number.parseInt(profile.value(`${item.dataset.item}.${key}`), 10));
  return [top, pitch, rows].some(Number.isNaN) ? null : { top, pitch, height: height || pitch, rows };
}

/** Write a new rectangle into the form; the part that has it, or a sentence that says what is missing. */
export function drawn(profile, tool, [x, y, w, h], selected, screen) {
  if (tool === "unit") {
    const place = selected?.querySelector('[data-box$=".unit_box"]');
    if (!place) return "Choose the value or the column first, then draw its unit.";
    profile.setPlace(place, [x, y, w, h]);
    return selected;
  }
  if (tool === "column" || tool === "footer") {
    const tables = [...profile.form.querySelectorAll('[data-section="table"]')];
    const owner = selected?.closest('[data-section="table"]') ?? tables.at(-1);
    if (!owner) return "Draw the first row of the table first.";
    const item = profile.add(`${owner.dataset.item}.${tool}`);
    profile.setPlace(item.querySelector('[data-box$=".x"]'), [x, w]);
    return item;
  }
  const item = profile.add(tool);
  const path = item.dataset.item;
  if (tool === "table") {
    const rows = Math.max(1, Math.min(12, Math.floor((screen.height - y) / h)));
    for (const [key, value] of Object.entries({ name: "rows", top: y, pitch: h, height: h, rows })) profile.set(`${path}.${key}`, value);
  } else profile.setPlace(item.querySelector(`[data-box="${CSS.escape(path)}.box"]`), [x, y, w, h]);
  return item;
}
