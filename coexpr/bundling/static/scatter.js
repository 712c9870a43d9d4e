// A scatter plot of two genes in every sample, which the mouse and the arrow keys explore.

import { count, element, svg } from "./dom.js";

// Sizes of the plot, in which letters have 12 units: for a wide screen, and for that of a phone.
const WIDE = { width: 560, height: 460 };
const NARROW = { width: 360, height: 360 };
const MARGIN = { left: 56, right: 12, top: 12, bottom: 48 };
const RADIUS = 2.6;
const TICKS = 6;
// Okabe and Ito 2008, as in the figures of coexpr: distinct for every kind of color vision.
const COLORS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#F0E442"];
const GRAY = "#D9D9D9";
const SHAPES = [
  (r) => `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0Z`,
  (r) => `M${-r},${-r}h${2 * r}v${2 * r}h${-2 * r}Z`,
  (r) => `M0,${-1.2 * r}L${1.2 * r},${r}H${-1.2 * r}Z`,
  (r) => `M0,${-1.4 * r}L${1.4 * r},0L0,${1.4 * r}L${-1.4 * r},0Z`,
  (r) => `M0,${1.2 * r}L${1.2 * r},${-r}H${-1.2 * r}Z`,
  (r) => `M${-r / 2},${-1.3 * r}h${r}v${0.8 * r}h${0.8 * r}v${r}h${-0.8 * r}v${0.8 * r}h${-r}v${-0.8 * r}h${-0.8 * r}v${-r}h${0.8 * r}Z`,
];

// Return an element with the plot, its legend and the description of one sample.
//
// samples: {x, y, sample_id, donor, structure_name, group_name, color}; a, b: names; color: "structure" or "donor".
export function scatterPlot(samples, { a, b, color, heading }) {
  const groups = groupsOf(samples, color);
  const { width, height } = matchMedia("(max-width: 40rem)").matches ? NARROW : WIDE;
  const box = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const x = scale(samples.map((sample) => sample.x), box.left, box.right);
  const y = scale(samples.map((sample) => sample.y), box.bottom, box.top);
  const points = samples.map((sample, i) => {
    const group = groups.get(keyOf(sample, color));
    return svg("path", {
      d: group.shape(RADIUS),
      transform: `translate(${x(sample.x).toFixed(2)},${y(sample.y).toFixed(2)})`,
      fill: group.color,
      "data-index": i,
      "data-sample": sample.sample_id,
    });
  });
  const ring = svg("circle", { class: "ring", r: 3 * RADIUS, visibility: "hidden" });
  const plot = svg(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      role: "application",
      tabindex: "0",
      "aria-label": `${heading} The arrow keys move from sample to sample.`,
    },
    svg("g", { class: "axes" }, ...axisX(x, a, box), ...axisY(y, b, box)),
    svg("g", { class: "points" }, ...points),
    ring,
  );
  const tip = element("p", { class: "tip", role: "status" }, "Point to a sample, or use the arrow keys.");
  explore(plot, ring, tip, samples, { x, y, a, b });
  return element("figure", { class: "scatter" }, plot, tip, legend(groups, color));
}

function keyOf(sample, color) {
  return color === "donor" ? sample.donor : sample.group_name;
}

// Return the groups of samples in their order; donors in the order of their ids, as in the figures of coexpr.
function groupsOf(samples, color) {
  const groups = new Map();
  for (const sample of samples) {
    const key = keyOf(sample, color);
    const start = { count: 0, donorId: sample.donor_id, color: structureColor(sample.color), shape: SHAPES[0] };
    const group = groups.get(key) ?? start;
    group.count += 1;
    groups.set(key, group);
  }
  if (color !== "donor") {
    return groups;
  }
  const ordered = [...groups].sort(([, one], [, other]) => one.donorId - other.donorId);
  ordered.forEach(([, group], place) => {
    group.color = COLORS[place % COLORS.length];
    group.shape = SHAPES[place % SHAPES.length];
  });
  return new Map(ordered);
}

// Return Allen's color of a structure, such as E8CD59, as a color.
function structureColor(triplet) {
  const text = (triplet ?? "").trim().padStart(6, "0");
  return triplet !== null && /^[0-9a-f]{6}$/i.test(text) ? `#${text}` : GRAY;
}

// Return a function from values to positions, with the ticks of its axis.
function scale(values, start, end) {
  const [low, high] = values.reduce(([l, h], v) => [Math.min(l, v), Math.max(h, v)], [Infinity, -Infinity]);
  const pad = (high - low || 1) * 0.03;
  const [from, to] = [low - pad, high + pad];
  const position = (value) => start + ((value - from) / (to - from)) * (end - start);
  position.ticks = ticksOf(from, to);
  return position;
}

function ticksOf(from, to) {
  const rough = (to - from) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const decimals = Math.max(0, -Math.floor(Math.log10(step)));
  const ticks = [];
  for (let i = Math.ceil(from / step); i * step <= to; i += 1) {
    ticks.push([i * step, (i * step).toFixed(decimals)]);
  }
  return ticks;
}

function axisX(position, name, { left, right, top, bottom }) {
  const ticks = position.ticks.flatMap(([value, text]) => {
    const place = position(value).toFixed(1);
    return [
      svg("line", { x1: place, x2: place, y1: top, y2: bottom }),
      svg("text", { x: place, y: bottom + 16, "text-anchor": "middle" }, text),
    ];
  });
  return [...ticks, axisLabel(name, { x: (left + right) / 2, y: bottom + 38 })];
}

function axisY(position, name, { left, right, top, bottom }) {
  const ticks = position.ticks.flatMap(([value, text]) => {
    const place = position(value);
    return [
      svg("line", { x1: left, x2: right, y1: place.toFixed(1), y2: place.toFixed(1) }),
      svg("text", { x: left - 6, y: (place + 4).toFixed(1), "text-anchor": "end" }, text),
    ];
  });
  return [...ticks, axisLabel(name, { x: -(top + bottom) / 2, y: 14, transform: "rotate(-90)" })];
}

function axisLabel(name, place) {
  return svg("text", { class: "label", "text-anchor": "middle", ...place }, `${name}, log2 expression`);
}

// Describe the sample under the mouse, or the one that the arrow keys have moved to, in the order of x.
function explore(plot, ring, tip, samples, { x, y, a, b }) {
  const order = samples.map((_, i) => i).sort((one, other) => samples[one].x - samples[other].x);
  let place = -1;

  function describe(i) {
    const sample = samples[i];
    ring.setAttribute("cx", x(sample.x));
    ring.setAttribute("cy", y(sample.y));
    ring.setAttribute("visibility", "visible");
    const where = sample.structure_name ?? "structure not named";
    tip.textContent = `Sample ${sample.sample_id}: ${where}; donor ${sample.donor}; ${a} ${sample.x}, ${b} ${sample.y}`;
  }

  plot.addEventListener("pointerover", (event) => {
    const index = event.target.getAttribute("data-index");
    if (index !== null) {
      place = order.indexOf(Number(index));
      describe(Number(index));
    }
  });
  plot.addEventListener("keydown", (event) => {
    const last = order.length - 1;
    const to = { ArrowRight: place + 1, ArrowUp: place + 1, ArrowLeft: place - 1, ArrowDown: place - 1, Home: 0, End: last };
    if (event.key in to && last >= 0) {
      event.preventDefault();
      place = Math.min(last, Math.max(0, to[event.key]));
      describe(order[place]);
    }
  });
}

function legend(groups, color) {
  const items = [...groups].map(([name, group]) =>
    element(
      "li",
      {},
      svg(
        "svg",
        { viewBox: "-6 -6 12 12", "aria-hidden": "true" },
        svg("path", { d: group.shape(4), fill: group.color }),
      ),
      `${name} `,
      element("span", {}, count(group.count)),
    ),
  );
  const title = color === "donor" ? "Donors and their samples" : "Structures and their samples";
  return element("figcaption", {}, element("p", {}, title), element("ul", { class: "legend" }, ...items));
}
