// Lines by name over periods, each in a colour of its own; what is not over is dashed.
import { amounts, everyNth } from "./axes.js";

export function series(data, theme, { width }) {
  const every = everyNth(data, width);
  const last = data.periods.length - 1;
  return {
    grid: { left: 56, right: 16, top: 16, bottom: 34 },
    tooltip: {
      ...theme.tooltip,
      trigger: "axis",
      axisPointer: { type: "line", lineStyle: { color: theme.role("line-control"), width: 1 }, z: -1 },
      formatter: (points) => data.periods[points[0].dataIndex].tip,
    },
    xAxis: {
      type: "category",
      boundaryGap: false,
      data: data.periods.map((_period, i) => ({ value: `${i}` })),
      axisTick: { show: false },
      axisLine: { onZero: false, lineStyle: { color: theme.role("line-control") } },
      axisLabel: {
        interval: (index) => (last - index) % every === 0,
        fontFamily: theme.font,
        fontSize: 12,
        margin: 10,
        color: theme.role("chart-axis"),
        formatter: (index) => data.periods[index].name,
      },
    },
    yAxis: amounts(data, theme, data.max + (data.max - data.min) * 0.05),
    series: data.series.flatMap((one) => parts(one, theme.role(`series-${one.hue}`))),
  };
}

function parts(one, color) {
  const part = (from, to, type) => ({
    type: "line",
    name: one.name,
    symbol: "circle",
    symbolSize: 5,
    clip: false,
    cursor: one.hrefs.length ? "pointer" : "default",
    silent: !one.hrefs.length,
    emphasis: { disabled: true },
    lineStyle: { color, width: 2, type },
    itemStyle: { color },
    data: one.values.map((value, i) => (i < from || i > to ? null : value)),
  });
  const end = one.values.length - 1;
  if (one.open > end) return [part(0, end, "solid")];
  return [part(0, one.open - 1, "solid"), part(Math.max(one.open - 1, 0), end, [4, 4])];
}
