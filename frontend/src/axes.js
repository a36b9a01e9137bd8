// What charts over periods have in common: how many names fit below, and the axis of amounts with ready-made texts.
const everyNth = (data, width) =>
  Math.ceil(data.periods.length / Math.max(1, Math.floor((width - 96) / (data.widest * 7 + 12))));

export function amounts(data, theme, max = data.max) {
  const texts = new Map(data.ticks.map((tick) => [tick.value, tick.text]));
  const customValues = data.ticks.map((tick) => tick.value);
  return {
    type: "value",
    min: data.min,
    max,
    axisLabel: {
      customValues,
      formatter: (value) => texts.get(value) ?? "",
      color: theme.role("chart-axis"),
      fontFamily: theme.font,
      fontSize: 12,
    },
    axisTick: { show: false, customValues },
    splitLine: { lineStyle: { color: theme.role("chart-grid") } },
  };
}

// What the pointer over a period tells.
export const tip = (data, theme, pointer) => ({
  ...theme.tooltip,
  trigger: "axis",
  axisPointer: { ...pointer, z: -1 },
  formatter: (points) => data.periods[points[0].dataIndex].tip,
});

// The axis of periods: as many names as fit, counted back from the last one.
export function periods(data, theme, width, { onZero, label, ...rest }) {
  const every = everyNth(data, width);
  const last = data.periods.length - 1;
  return {
    type: "category",
    axisTick: { show: false },
    axisLine: { onZero, lineStyle: { color: theme.role("line-control") } },
    axisLabel: {
      interval: (index) => (last - index) % every === 0,
      fontFamily: theme.font,
      fontSize: 12,
      margin: 10,
      color: theme.role("chart-axis"),
      ...label,
    },
    ...rest,
  };
}

// The frame of lines over periods: `room` is left at the right and the top.
export function overPeriods(data, theme, width, room) {
  return {
    grid: { left: 56, bottom: 34, ...room },
    tooltip: tip(data, theme, { type: "line", lineStyle: { color: theme.role("line-control"), width: 1 } }),
    xAxis: periods(data, theme, width, {
      onZero: false,
      boundaryGap: false,
      data: data.periods.map((_period, i) => ({ value: `${i}` })),
      label: { formatter: (index) => data.periods[index].name },
    }),
    yAxis: amounts(data, theme, data.max + (data.max - data.min) * 0.05),
  };
}
