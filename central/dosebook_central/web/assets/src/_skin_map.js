// Window and level of a skin dose map: two sliders give every level of dose another shade.
const SHADES = 16;
const LEVELS = 64;

function words(mgy) {
  if (mgy <= 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(mgy)));
  return mgy.toFixed(digits).replace(/\B(?=(\d{3})+$)/g, digits ? "" : "\u202f");
}

function prepare(figure) {
  const peak = Number(figure.dataset.peak);
  const tools = figure.querySelector(".skin-window");
  const [low, high] = ["low", "high"].map((end) => tools.querySelector(`[data-end="${end}"]`));
  const levels = [...figure.querySelectorAll(".skin-map path[data-mgy]")];

  function draw() {
    const from = (Number(low.value) / LEVELS) * peak;
    const to = (Number(high.value) / LEVELS) * peak;
    for (const level of levels) {
      const share = (Number(level.dataset.mgy) - from) / (to - from);
      const shade = Math.min(SHADES, Math.max(0, Math.ceil(share * SHADES)));
      level.setAttribute("class", `shade-${shade}`);
    }
    const ends = { low: words(from), middle: words((from + to) / 2), high: `${words(to)} mGy` };
    for (const [end, text] of Object.entries(ends)) {
      figure.querySelector(`[data-window="${end}"]`).textContent = text;
    }
    low.setAttribute("aria-valuetext", `${words(from)} mGy`);
    high.setAttribute("aria-valuetext", `${words(to)} mGy`);
  }

  function hold(moved) {
    // The window keeps at least one level: the other end gives way.
    if (Number(low.value) >= Number(high.value)) {
      if (moved === low) high.value = Number(low.value) + 1;
      else low.value = Number(high.value) - 1;
    }
    draw();
  }

  for (const end of [low, high]) end.addEventListener("input", () => hold(end));
  tools.querySelector("[data-reset]").addEventListener("click", () => {
    [low.value, high.value] = [0, LEVELS];
    draw();
  });
  tools.hidden = false;
  figure.dataset.ready = "";
}

function prepareAll() {
  for (const figure of document.querySelectorAll("[data-skin-map]:not([data-ready])")) prepare(figure);
}

prepareAll();
document.addEventListener("htmx:after:swap", prepareAll);
