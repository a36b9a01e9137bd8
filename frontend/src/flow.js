// Ways from step to step: the wider, the more go it. A way is a door to who went it.
export function flow(data, theme, { width }) {
  const names = new Map(data.nodes.map((node) => [node.id, node.name]));
  const color = (node) => theme.role(node.hue === null ? "chart-compare" : `series-${node.hue}`);
  return {
    tooltip: { ...theme.tooltip, trigger: "item", formatter: (one) => one.data.tip ?? "" },
    series: [
      {
        type: "sankey",
        left: 4,
        right: width < 600 ? 76 : 130,
        top: 8,
        bottom: 8,
        nodeWidth: 10,
        nodeGap: 10,
        draggable: false,
        emphasis: { disabled: true },
        label: { color: theme.role("ink"), fontFamily: theme.font, fontSize: 12, width: width < 600 ? 70 : 120, overflow: "truncate", formatter: (one) => names.get(one.name) },
        lineStyle: { color: theme.role("chart-compare"), opacity: 0.28, curveness: 0.5 },
        data: data.nodes.map((node) => ({ name: node.id, depth: node.depth, tip: node.name, itemStyle: { color: color(node), borderWidth: 0 } })),
        links: data.links,
      },
    ],
  };
}
