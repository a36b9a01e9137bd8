// What charts over periods have in common: how many names fit below, and the axis of amounts with ready-made texts.
export const everyNth = (data, width) =>
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
