// The charts of a page. A chart is <div data-chart="ID">, its data the JSON block with that id, written by the
// server with every label, figure and tick already in the reader's language. Colours are the roles of tokens.css.
import * as echarts from "echarts/core";
import { BarChart, CustomChart, LineChart, SankeyChart } from "echarts/charts";
import { AriaComponent, GridComponent, TooltipComponent } from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";
import { flow } from "./flow.js";
import { lines } from "./lines.js";
import { series } from "./series.js";
import { waterfall } from "./waterfall.js";
import { moves } from "./moves.js";

echarts.use([BarChart, CustomChart, LineChart, SankeyChart, AriaComponent, GridComponent, TooltipComponent, CanvasRenderer]);

const kinds = { waterfall, moves, lines, series, flow };
const drawn = new Map();

function theme(box) {
  const style = getComputedStyle(box);
  const role = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    role,
    move: (kind) => role(`move-${kind}`),
    font: style.fontFamily,
    text: (color = "ink") => ({ fill: role(color), fontFamily: style.fontFamily, fontSize: 12 }),
    tooltip: {
      renderMode: "richText",
      confine: true,
      backgroundColor: role("ground-raised"),
      borderColor: role("line-strong"),
      borderWidth: 1,
      padding: [8, 10],
      shadowBlur: 0,
      textStyle: { color: role("ink"), fontFamily: style.fontFamily, fontSize: 12, lineHeight: 18 },
    },
  };
}

function draw(box) {
  if (!box.clientWidth || !box.clientHeight) return;
  const data = JSON.parse(document.getElementById(box.dataset.chart).textContent);
  const chart = drawn.get(box) ?? echarts.init(box);
  if (!drawn.has(box)) {
    drawn.set(box, chart);
    chart.on("click", (event) => open(box, data, event));
  }
  chart.resize();
  chart.setOption(
    {
      animation: false,
      aria: { enabled: true, label: { enabled: true, description: data.label } },
      ...kinds[data.kind](data, theme(box), { width: box.clientWidth, height: box.clientHeight }),
    },
    true,
  );
  box.dataset.drawn = data.kind;
}

// Where a mark leads to, by the kind of chart.
const behind = {
  waterfall: (data, event) => data.items[event.dataIndex]?.href,
  series: (data, event) => data.series.find((one) => one.name === event.seriesName)?.hrefs[event.dataIndex],
  flow: (data, event) => event.data.href,
  any: (data, event) => data.series[event.seriesIndex]?.hrefs?.[event.dataIndex],
};

// A mark is a door: a click does what its link in the table beside the chart does.
function open(box, data, event) {
  const href = (behind[data.kind] ?? behind.any)(data, event);
  const link = href && [...box.closest(".card").querySelectorAll("a[data-door]")].find((a) => a.getAttribute("href") === href);
  if (link) link.click();
}

const redraw = () => {
  for (const box of drawn.keys()) draw(box);
};
const watch = new ResizeObserver((entries) => {
  for (const entry of entries) draw(entry.target);
});
function drawAll() {
  for (const box of drawn.keys()) if (!box.isConnected) forget(box);
  for (const box of document.querySelectorAll("[data-chart]")) {
    draw(box);
    watch.observe(box);
  }
}

function forget(box) {
  watch.unobserve(box);
  drawn.get(box).dispose();
  drawn.delete(box);
}

drawAll();
document.addEventListener("htmx:afterSettle", drawAll); // a form or a fragment brought other charts
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
