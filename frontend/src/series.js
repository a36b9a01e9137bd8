// Lines by name over periods, each in a colour of its own; what is not over is dashed.
import { overPeriods } from "./axes.js";

export function series(data, theme, { width }) {
  return {
    ...overPeriods(data, theme, width, { right: 16, top: 16 }),
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
