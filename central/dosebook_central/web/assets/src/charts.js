// The timeline of a dose history: lanes by modality, one mark an exam, its area the chosen quantity.
import { use, init } from "echarts/core";
import { ScatterChart } from "echarts/charts";
import { AriaComponent, GridComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

use([ScatterChart, GridComponent, TooltipComponent, AriaComponent, SVGRenderer]);

const LANE_HEIGHT = 58;
const LARGEST_MARK = 40;
const SMALLEST_MARK = 7;
const YEAR = 366 * 86400e3;
const PAPER_WIDTH = 900; // drawn so wide, then fitted to the sheet

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

function colour(token) {
  probe.style.color = `var(--${token})`;
  return getComputedStyle(probe).color;
}

const font = () => getComputedStyle(document.body).fontFamily;

class Timeline {
  constructor(figure) {
    this.figure = figure;
    this.points = JSON.parse(figure.dataset.points);
    this.lanes = JSON.parse(figure.dataset.lanes);
    this.canvas = figure.querySelector(".chart-canvas");
    this.card = figure.querySelector("[data-chart-card]");
    this.chosen = -1;
    this.canvas.style.height = `${this.lanes.length * LANE_HEIGHT + 44}px`;
    this.chart = init(this.canvas, null, { renderer: "svg" });
    this.draw();
    this.chart.on("click", ({ data }) => this.open(data.point));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => this.leave());
    new ResizeObserver(() => this.figure.hidden || this.chart.resize()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    addEventListener("beforeprint", () => this.print());
    addEventListener("afterprint", () => this.print(false));
  }

  // On paper: as wide as the paper, and in light colours whatever the screen shows.
  print(isPaper = true) {
    probe.style.colorScheme = isPaper ? "light" : "";
    this.chart.resize({ width: isPaper ? PAPER_WIDTH : "auto" });
    this.draw(); // at once, where a change of size alone would wait for the next frame
    const picture = this.canvas.querySelector("svg");
    if (isPaper) picture.setAttribute("viewBox", `0 0 ${PAPER_WIDTH} ${this.chart.getHeight()}`);
    else picture.removeAttribute("viewBox");
  }

  // Each lane has its own scale unless one quantity was chosen for all; area, not diameter, is the value.
  scales() {
    const shared = new URLSearchParams(location.search).has("quantity");
    const most = {};
    for (const { lane, value } of this.points) most[lane] = Math.max(most[lane] ?? 0, Number(value ?? 0));
    const all = Math.max(...Object.values(most));
    return (lane) => (shared ? all : most[lane]) || 1;
  }

  draw() {
    const scale = this.scales();
    const muted = colour("muted");
    const line = colour("line");
    const surface = colour("surface");
    const times = this.points.map(({ at }) => Date.parse(at));
    const [first, last] = [Math.min(...times), Math.max(...times)];
    const pad = Math.max((last - first) * 0.03, 20 * 86400e3);
    this.chart.setOption({
      animation: false,
      aria: { enabled: true, label: { enabled: false } },
      textStyle: { fontFamily: font() },
      grid: { left: 84, right: 20, top: 8, bottom: 30 },
      tooltip: this.tooltip(),
      xAxis: {
        type: "time", min: first - pad, max: last + pad,
        maxInterval: last - first < 16 * YEAR ? YEAR : undefined,
        axisLine: { lineStyle: { color: line } }, axisTick: { show: false },
        splitLine: { show: true, showMinLine: false, showMaxLine: false, lineStyle: { color: line, type: [2, 4] } },
        axisLabel: { color: muted, fontSize: 12, hideOverlap: true, formatter: { year: "{yyyy}", month: "{MMM} {yyyy}", day: "{d} {MMM}" } },
      },
      yAxis: {
        type: "category", inverse: true, data: this.lanes.map(({ label }) => label),
        axisLine: { show: false }, axisTick: { show: false },
        splitLine: { show: true, interval: 0, lineStyle: { color: line } },
        axisLabel: {
          fontSize: 12, fontWeight: 650, margin: 14,
          color: (label) => colour(this.lanes.find((lane) => lane.label === label)?.key ?? "muted"),
        },
      },
      series: this.lanes.map(({ key, label }) => ({
        type: "scatter", name: label, cursor: "pointer",
        data: this.points.filter(({ lane }) => lane === key).map((point) => this.mark(point, label, key, scale, surface)),
        emphasis: { scale: false, itemStyle: { borderColor: colour("ink"), borderWidth: 2, opacity: 1 } },
      })),
    }, { notMerge: true });
  }

  tooltip() {
    return {
      trigger: "item", renderMode: "richText", confine: true, padding: [10, 12], borderRadius: 6,
      backgroundColor: colour("raised"), borderColor: colour("line"), borderWidth: 1,
      formatter: ({ data }) => Timeline.rich(data.point),
      textStyle: {
        color: colour("ink"), fontSize: 13, lineHeight: 19, fontFamily: font(),
        rich: {
          t: { fontWeight: 650, fontSize: 14, lineHeight: 22, fontFamily: font() },
          m: { color: colour("muted"), lineHeight: 19, fontFamily: font() },
          v: { fontWeight: 600, lineHeight: 20, fontFamily: font() },
          w: { color: colour("warn"), fontWeight: 600, lineHeight: 20, fontFamily: font() },
        },
      },
    };
  }

  static rich(point) {
    const plain = (text) => String(text).replace(/[{}|]/g, " ");
    const lines = [`{t|${plain(point.what)}}`, `{m|${[point.when, point.modality, point.where].filter(Boolean).map(plain).join(" · ")}}`];
    lines.push(...point.lines.map((text) => `{v|${plain(text)}}`));
    if (point.region) lines.push(`{m|${plain(point.region)}}`);
    if (point.conflict) lines.push("{w|Evidences disagree}");
    return lines.join("\n");
  }

  mark(point, label, key, scale, surface) {
    const isStated = point.value !== null;
    const share = isStated ? Math.sqrt(Number(point.value) / scale(point.lane)) : 0;
    const own = colour(key);
    return {
      value: [point.at, label], point,
      symbol: isStated ? "circle" : "diamond",
      symbolSize: isStated ? Math.max(SMALLEST_MARK, share * LARGEST_MARK) : 11,
      itemStyle: { color: isStated ? own : surface, opacity: isStated ? 0.78 : 1, borderColor: isStated ? surface : own, borderWidth: isStated ? 1 : 1.6 },
      label: { show: point.conflict, formatter: "!", position: "top", distance: 2, color: colour("warn"), fontWeight: 800, fontSize: 14 },
    };
  }

  key(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const lane = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) this.choose(this.chosen < 0 ? this.points.length - 1 : this.chosen + by);
    else if (lane) this.choose(this.nearest(lane));
    else if (event.key === "Home") this.choose(0);
    else if (event.key === "End") this.choose(this.points.length - 1);
    else if (event.key === "Enter" && this.chosen >= 0) this.open(this.points[this.chosen]);
    else return;
    event.preventDefault();
  }

  nearest(by) {
    if (this.chosen < 0) return this.points.length - 1;
    const here = this.points[this.chosen];
    const lane = this.lanes[this.lanes.findIndex(({ key }) => key === here.lane) + by]?.key;
    const distance = ({ at }) => Math.abs(Date.parse(at) - Date.parse(here.at));
    return this.points.reduce((best, point, index) => (point.lane === lane && (best < 0 || distance(point) < distance(this.points[best])) ? index : best), -1);
  }

  choose(index) {
    if (index < 0 || index >= this.points.length) return;
    this.leave();
    this.chosen = index;
    const point = this.points[index];
    this.chart.dispatchAction({ type: "highlight", ...this.address(point) });
    this.chart.dispatchAction({ type: "showTip", ...this.address(point) });
    this.canvas.dataset.chosen = point.id;
    this.card.textContent = [point.when, point.modality, point.what, ...point.lines, point.region, point.conflict ? "evidences disagree" : ""].filter(Boolean).join(", ");
  }

  leave() {
    if (this.chosen < 0) return;
    this.chart.dispatchAction({ type: "downplay", ...this.address(this.points[this.chosen]) });
    this.chart.dispatchAction({ type: "hideTip" });
    this.chosen = -1;
  }

  address(point) {
    const same = this.points.filter(({ lane }) => lane === point.lane);
    return { seriesIndex: this.lanes.findIndex(({ key }) => key === point.lane), dataIndex: same.indexOf(point) };
  }

  open(point) {
    location.assign(this.figure.dataset.examUrl + encodeURIComponent(point.id));
  }
}

for (const figure of document.querySelectorAll('[data-chart="timeline"]')) figure.timeline = new Timeline(figure);
