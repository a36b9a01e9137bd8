// What happened on the way: a thin upright line with a word at its top, over the period it fell in.
export function marks(data, theme) {
  if (!data.marks?.length) return [];
  return [
    {
      type: "custom",
      silent: true,
      z: 5,
      clip: false,
      data: data.marks.map((mark) => [mark.at, 0]),
      encode: { x: 0, y: 1 },
      renderItem: (params, api) => {
        const mark = data.marks[params.dataIndex];
        const { x: left, y, width, height } = params.coordSys;
        const x = api.coord([mark.at, data.min])[0];
        const toLeft = x > left + width * 0.7;
        return {
          type: "group",
          children: [
            { type: "line", shape: { x1: x, x2: x, y1: y, y2: y + height }, style: { stroke: theme.role("ink-3"), lineWidth: 1, lineDash: [1, 2] } },
            {
              type: "text",
              style: {
                ...theme.text("ink-2"), x: x + (toLeft ? -5 : 5), y: y + 1, text: mark.text, align: toLeft ? "right" : "left",
                verticalAlign: "top", width: 140, overflow: "truncate", backgroundColor: theme.role("ground"), padding: [0, 2],
              },
            },
          ],
        };
      },
    },
  ];
}
