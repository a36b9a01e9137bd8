// Lines over periods: what is there (solid, its open end dashed), what each period is compared with (thin, dashed) and
// the straight line to a target (dotted). A line has its name at its end, but the one compared with: the legend has it.
import { overPeriods } from "./axes.js";
import { marks } from "./marks.js";

export function lines(data, theme, { width }) {
  const named = width >= 420;
  return {
    ...overPeriods(data, theme, width, { right: named ? 92 : 12, top: 22 }),
    series: [...data.series.flatMap((series) => drawn(series, theme, named)), ...marks(data, theme)],
  };
}

function drawn(series, theme, named) {
  if (series.style === "compared") return [compared(series, theme)];
  const target = series.style === "target";
  const color = theme.role(target ? "ink" : "series-1");
  const at = series.values.length - 1;
  const base = {
    type: "line",
    symbol: "circle",
    showSymbol: false,
    clip: false,
    cursor: target ? "default" : "pointer",
    silent: target,
    emphasis: { disabled: true },
    lineStyle: { color, width: target ? 1.5 : 2, type: target ? [1.5, 3] : "solid" },
    itemStyle: { color },
  };
  const open = { color: theme.role("ground"), borderColor: color, borderWidth: 2 };
  const end = {
    value: series.values[at],
    symbolSize: target ? 2 : 7,
    itemStyle: series.running ? open : { color },
    label: {
      show: named,
      position: "right",
      formatter: series.end,
      fontFamily: theme.font,
      fontSize: 12,
      fontWeight: target ? 400 : 600,
      color: theme.role("ink"),
    },
  };
  const line = (from, to, type) => ({
    ...base,
    lineStyle: { ...base.lineStyle, type: type ?? base.lineStyle.type },
    data: series.values.map((value, i) => (i < from || i > to ? null : value)),
  });
  const dot = { ...base, silent: true, showSymbol: true, lineStyle: { width: 0 }, data: series.values.map((_, i) => (i === at ? end : null)) };
  if (!series.running || at < 1) return [line(0, at), dot];
  return [line(0, at - 1), line(at - 1, at, [4, 4]), dot];
}

function compared(series, theme) {
  const color = theme.role("chart-compare");
  return {
    type: "line",
    symbol: "circle",
    symbolSize: 4,
    showSymbol: false,
    clip: false,
    silent: true,
    emphasis: { disabled: true },
    lineStyle: { color, width: 1.25, type: [5, 4] },
    itemStyle: { color },
    data: series.values,
  };
}
