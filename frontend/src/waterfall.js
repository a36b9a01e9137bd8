// From the opening to the close, step by step. Upright on a wide card, lying on a narrow one, where words need room.
const NARROW = 560;

export function waterfall(data, theme, { width, height }) {
  const lying = width < NARROW;
  const names = data.items.map((item) => item.name);
  const value = { type: "value", min: data.min, max: data.max, show: false };
  const category = {
    type: "category",
    data: names,
    inverse: lying,
    axisTick: { show: false },
    axisLine: { show: !lying, onZero: false, lineStyle: { color: theme.role("line-control") } },
    axisLabel: {
      interval: 0,
      margin: lying ? 8 : 10,
      color: theme.role("ink"),
      fontFamily: theme.font,
      fontSize: 12,
      lineHeight: 16,
      formatter: (name, index) => (lying || !data.items[index].note ? name : `${name}\n{note|${data.items[index].note}}`),
      rich: { note: { color: theme.role("chart-axis"), fontFamily: theme.font, fontSize: 12, lineHeight: 16 } },
    },
  };
  return {
    grid: lying
      ? { left: data.widest * 7 + 16, right: 64, top: 0, bottom: 0 }
      : { left: 0, right: 0, top: 26, bottom: 44 },
    xAxis: lying ? value : category,
    yAxis: lying ? category : value,
    tooltip: { ...theme.tooltip, trigger: "item", formatter: (mark) => data.items[mark.dataIndex].tip },
    series: [
      {
        type: "custom",
        clip: false,
        encode: lying ? { y: 0, x: [1, 2] } : { x: 0, y: [1, 2] },
        data: data.items.map((item, index) => [index, item.from, item.to]),
        renderItem: (_, api) => mark(data.items[api.value(0)], api, { data, theme, lying, height }),
      },
    ],
  };
}

function mark(item, api, { data, theme, lying }) {
  const index = api.value(0);
  const at = (number) => api.coord(lying ? [number, index] : [index, number]);
  const [from, to] = [Math.max(item.from, data.min), item.to];
  const slot = api.size([1, 1])[lying ? 1 : 0];
  const thick = Math.min(lying ? 20 : 64, slot * 0.62);
  const [start, end] = [at(from), at(to)];
  const last = index === data.items.length - 1;
  const falls = item.to < item.from;
  const total = item.kind === "total";
  const parts = [];

  const along = lying ? 0 : 1;
  const low = Math.min(start[along], end[along]);
  const long = Math.max(2, Math.abs(start[along] - end[along]));
  const across = start[1 - along] - thick / 2;
  parts.push({
    type: "rect",
    shape: lying ? { x: low, y: across, width: long, height: thick } : { x: across, y: low, width: thick, height: long },
    style: {
      fill: theme.move(item.kind),
      opacity: item.running ? 0.55 : 1,
      ...(item.running ? { stroke: theme.role("ink-3"), lineDash: [3, 3], lineWidth: 1 } : {}),
    },
  });
  if (total && data.min > 0) {
    const foot = at(data.min);
    const points = lying
      ? [[foot[0] + 9, across - 3], [foot[0] + 13, across + thick / 2], [foot[0] + 9, across + thick + 3]]
      : [[across - 3, foot[1] - 9], [across + thick / 2, foot[1] - 13], [across + thick + 3, foot[1] - 9]];
    parts.push({ type: "polyline", silent: true, shape: { points }, style: { stroke: theme.role("ground"), lineWidth: 3, fill: "none" } });
  }
  if (!last) {
    const next = api.coord(lying ? [item.to, index + 1] : [index + 1, item.to]);
    const shape = lying
      ? { x1: end[0], y1: across + thick, x2: end[0], y2: next[1] - thick / 2 }
      : { x1: across + thick, y1: end[1], x2: next[0] - thick / 2, y2: end[1] };
    parts.push({ type: "line", silent: true, shape, style: { stroke: theme.role("line-control"), lineDash: [2, 2], lineWidth: 1 } });
  }
  const place = lying
    ? { x: Math.max(start[0], end[0]) + 6, y: start[1], align: "left", verticalAlign: "middle" }
    : { x: start[0], y: falls ? low + long + 6 : low - 6, align: "center", verticalAlign: falls ? "top" : "bottom" };
  parts.push({
    type: "text",
    silent: true,
    style: { ...theme.text(item.unusual ? "worse" : "ink"), ...place, text: item.text, fontWeight: total ? 600 : 400 },
  });
  return { type: "group", children: parts };
}
