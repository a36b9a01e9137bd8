// What happened on the way: a thin upright line with a word at its top, over the period it fell in. Where two words
// would meet, the later one stands; the tooltip and the list below the chart have all of them.
const LONGEST = 160;
const GAP = 5;

const width = (text) => [...text].reduce((sum, letter) => sum + (letter > "\u00ff" ? 12 : 6.5), 0);

function cut(text) {
  if (width(text) <= LONGEST) return text;
  const letters = [...text];
  while (width(letters.join("")) > LONGEST - 12) letters.pop();
  return `${letters.join("")}…`;
}

// Each word is beside its line, to the right where there is room, else to the left, else not there.
function words(data, api, { x: left, width: room }) {
  const taken = [];
  const placed = data.marks.map((mark) => ({ x: api.coord([mark.at, data.min])[0], text: cut(mark.text), side: "" }));
  for (const word of placed.toReversed()) {
    const reach = width(word.text);
    for (const [side, start] of [["left", word.x + GAP], ["right", word.x - GAP - reach]]) {
      const end = start + reach;
      if (start < left || end > left + room || taken.some((other) => end > other.start && start < other.end)) continue;
      word.side = side;
      taken.push({ start, end });
      break;
    }
  }
  return placed;
}

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
        const { y, height } = params.coordSys;
        const { x, text, side } = words(data, api, params.coordSys)[params.dataIndex];
        const line = { type: "line", shape: { x1: x, x2: x, y1: y, y2: y + height }, style: { stroke: theme.role("ink-3"), lineWidth: 1, lineDash: [1, 2] } };
        const word = {
          type: "text",
          style: {
            ...theme.text("ink-2"), x: x + (side === "right" ? -GAP : GAP), y: y + 1, text, align: side,
            verticalAlign: "top", backgroundColor: theme.role("ground"), padding: [0, 2],
          },
        };
        return { type: "group", children: side ? [line, word] : [line] };
      },
    },
  ];
}
