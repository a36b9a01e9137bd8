// Gains above the line, losses below it, one bar a period, the net as a thick stroke, the net of the period compared
// with as a thin dashed line. A period that still runs is pale and dashed.
import { amounts, periods, tip } from "./axes.js";
import { marks } from "./marks.js";

const LABELLED = 560; // from this width the last bar carries the names of its parts

export function moves(data, theme, { width }) {
  const named = width >= LABELLED;
  return {
    grid: { left: 56, right: named ? data.widestName * 7 + 20 : 8, top: 12, bottom: 24 },
    tooltip: tip(data, theme, { type: "shadow", shadowStyle: { color: theme.role("ground-hover"), opacity: 0.6 } }),
    xAxis: periods(data, theme, width, {
      onZero: true,
      data: data.periods.map((period) => period.name),
      label: {
        formatter: (name, index) => (data.periods[index].picked ? `{picked|${name}}` : name),
        rich: { picked: { color: theme.role("ink"), fontWeight: 600, fontFamily: theme.font, fontSize: 12 } },
      },
    }),
    yAxis: amounts(data, theme),
    series: [
      ...data.series.map((series) => bars(series, data, theme)),
      ...(data.compared.length ? [compared(data, theme)] : []),
      net(data, theme),
      ...(named ? [names(data, theme)] : []),
      ...marks(data, theme),
    ],
  };
}

function bars(series, data, theme) {
  return {
    type: "bar",
    name: series.name,
    stack: "moves",
    barMaxWidth: 34,
    barCategoryGap: "36%",
    cursor: "pointer",
    data: series.values.map((value, i) => ({
      value,
      itemStyle: {
        color: theme.move(series.kind),
        borderColor: theme.role(data.periods[i].running ? "ink-3" : "ground"),
        borderType: data.periods[i].running ? [3, 3] : "solid",
        borderWidth: value ? 0.75 : 0,
        opacity: data.periods[i].running ? 0.55 : 1,
      },
    })),
    emphasis: { disabled: true },
  };
}

function compared(data, theme) {
  const color = theme.role("chart-compare");
  return {
    type: "line",
    silent: true,
    z: 3,
    showSymbol: false,
    emphasis: { disabled: true },
    lineStyle: { color, width: 1.25, type: [5, 4] },
    itemStyle: { color },
    data: data.compared,
  };
}

function net(data, theme) {
  return {
    type: "custom",
    name: data.net.name,
    silent: true,
    z: 3,
    clip: false,
    data: data.net.values.map((value, index) => [index, value]),
    encode: { x: 0, y: 1 },
    renderItem: (_, api) => {
      const [x, y] = api.coord([api.value(0), api.value(1)]);
      const half = Math.min(34, api.size([1, 0])[0] * 0.64) / 2 + 4;
      const shape = { x1: x - half, x2: x + half, y1: y, y2: y };
      const line = (stroke, lineWidth) => ({ type: "line", shape, style: { stroke, lineWidth } });
      return { type: "group", children: [line(theme.role("ground"), 5), line(theme.role("ink"), 2)] };
    },
  };
}

function names(data, theme) {
  const last = data.periods.length - 1;
  return {
    type: "custom",
    silent: true,
    z: 4,
    clip: false,
    data: [[last, 0]],
    encode: { x: 0, y: 1 },
    renderItem: (_, api) => {
      const height = (value) => api.coord([last, value])[1];
      const places = [];
      let [up, down] = [0, 0];
      for (const series of data.series) {
        const value = series.values[last];
        if (!value) continue;
        const base = value > 0 ? up : down;
        places.push({ y: height(base + value / 2), text: series.name, color: "ink-2" });
        if (value > 0) up += value;
        else down += value;
      }
      places.push({ y: height(data.net.values[last]), text: data.net.name, color: "ink", fontWeight: 600 });
      places.sort((a, b) => a.y - b.y);
      for (let k = 1; k < places.length; k++) places[k].y = Math.max(places[k].y, places[k - 1].y + 15);
      const floor = height(data.min) - 2;
      for (let k = places.length - 1, limit = floor; k >= 0; k--, limit -= 15) places[k].y = Math.min(places[k].y, limit);
      const x = api.coord([last, 0])[0] + Math.min(34, api.size([1, 0])[0] * 0.64) / 2 + 10;
      return {
        type: "group",
        children: places.map(({ y, text, color, fontWeight }) => ({
          type: "text",
          style: { ...theme.text(color), x, y, text, fontWeight: fontWeight ?? 400, align: "left", verticalAlign: "middle" },
        })),
      };
    },
  };
}
