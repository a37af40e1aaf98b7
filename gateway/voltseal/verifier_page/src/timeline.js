// The time line of a claim's numbers: what is there, what is missing and why, starts and contradictions.

const DRAWN_RANGES = 24;
const DRAWN_GAPS = 400;
const BAR = { top: 34, height: 34 };

/** Each drawn range of the claim with its place: widths by count, but none vanishes. */
function placeRanges(claimed, width) {
  const space = 14;
  const least = Math.min(24, (width / claimed.length) * 0.5);
  const room = width - space * (claimed.length - 1) - least * claimed.length;
  const total = claimed.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  let at = 0;
  return claimed.map(([first, last]) => {
    const count = last - first + 1;
    const own = least + (room * count) / total;
    const place = { first, last, left: at, width: own, x: (value) => place.left + (own * (value - first)) / count };
    at += own + space;
    return place;
  });
}

/** The figure, `width` pixels wide. `finding`: the verdict's completeness. */
function timeline(finding, statements, width) {
  const places = placeRanges(finding.ranges.slice(0, DRAWN_RANGES), width);
  const drawing = shape("svg", { viewBox: `0 0 ${width} 112`, role: "img", "aria-label": timelineLabel(finding) });
  drawing.append(shape("defs", {}, hatch("lost"), hatch("unexplained")));
  for (const place of places) {
    const box = { x: place.left, y: BAR.top, width: place.width, height: BAR.height, rx: 3 };
    drawing.append(shape("rect", { ...box, class: "present" }));
    const gaps = finding.gaps.filter(([first]) => first >= place.first && first <= place.last).slice(0, DRAWN_GAPS);
    for (const gap of gaps) drawing.append(...gapShapes(gap, place, width));
    drawing.append(...endLabels(place));
  }
  const placeOf = (sequence) => places.find(({ first, last }) => sequence >= first && sequence <= last);
  drawing.append(...marks(finding, statements, placeOf));
  const middle = { x: width / 2, y: 108, "text-anchor": "middle" };
  drawing.append(shape("text", middle, say("completeness.axis")));
  return drawing;
}

function timelineLabel({ ranges: claimed, gaps }) {
  const { total, missing } = countNumbers(claimed, gaps);
  const counts = { present: number(total - missing), missing: number(missing), gaps: number(gaps.length) };
  return say("completeness.figure", { numbers: ranges(claimed), ...counts });
}

function countNumbers(claimed, gaps) {
  const sum = (runs) => runs.reduce((count, [first, last]) => count + last - first + 1, 0);
  const unexplained = sum(gaps.filter(([, , reason]) => reason === UNEXPLAINED));
  return { total: sum(claimed), missing: sum(gaps), unexplained };
}

/** Hatching, so that gaps show on paper and to who does not see their colour. */
function hatch(kind) {
  const tile = { width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  const stroke = shape("line", { x1: 0, y1: 0, x2: 0, y2: 6, class: `hatch-${kind}` });
  return shape("pattern", { id: `hatch-${kind}`, ...tile }, stroke);
}

function gapShapes([first, last, reason], place, width) {
  const kind = reason === UNEXPLAINED ? "unexplained" : "lost";
  const label = range(first, last);
  const left = place.x(first);
  const box = { x: left, y: BAR.top - 4, width: Math.max(3, place.x(last + 1) - left), height: BAR.height + 8 };
  const shapes = [
    shape("rect", { ...box, class: kind }, shape("title", {}, `${label}: ${say(`reason.${reason}`)}`)),
    shape("rect", { ...box, fill: `url(#hatch-${kind})` }),
  ];
  if (box.width > label.length * 7) {
    const x = Math.min(Math.max(box.x + box.width / 2, 22), width - 22);
    const text = { x, y: BAR.top - 11, "text-anchor": "middle", class: `${kind}-label` };
    shapes.push(shape("text", text, label));
  }
  return shapes;
}

function endLabels({ first, last, left, width }) {
  const y = BAR.top + BAR.height + 20;
  if (first === last || width < 60) {
    return [shape("text", { x: left + width / 2, y, "text-anchor": "middle" }, range(first, last))];
  }
  return [
    shape("text", { x: left, y }, String(first)),
    shape("text", { x: left + width, y, "text-anchor": "end" }, String(last)),
  ];
}

/** Triangles below the bar where the device started, crosses above it where statements contradict each other. */
function marks(finding, statements, placeOf) {
  const shapes = [];
  const middleOf = (sequence) => {
    const place = placeOf(sequence);
    return place ? place.x(sequence) + Math.min(5, (place.x(sequence + 1) - place.x(sequence)) / 2) : null;
  };
  for (const { sequence, boot } of statements.slice(0, 5000)) {
    const x = boot ? middleOf(sequence) : null;
    if (x !== null) shapes.push(shape("path", { class: "boot", d: `M${x} ${BAR.top + BAR.height - 1}l5 9h-10z` }));
  }
  for (const { second } of finding.conflicts) {
    const x = middleOf(second.sequence);
    if (x !== null) shapes.push(shape("path", { class: "clash", d: `M${x} ${BAR.top + 2}l-7 -13h14z` }));
  }
  return shapes;
}

/** What the time line's colours and marks mean; only those that occur. */
function timelineLegend(finding, statements) {
  const box = (kind) => [
    shape("rect", { width: 14, height: 10, y: 1, class: kind }),
    kind === "present" ? null : shape("rect", { width: 14, height: 10, y: 1, fill: `url(#hatch-${kind})` }),
  ];
  const entries = [["present", box("present")]];
  if (finding.gaps.some(([, , reason]) => reason !== UNEXPLAINED)) entries.push(["lost", box("lost")]);
  if (finding.gaps.some(([, , reason]) => reason === UNEXPLAINED)) entries.push(["unexplained", box("unexplained")]);
  const mark = (kind, d) => entries.push([kind, [shape("path", { class: kind, d })]]);
  if (statements.some(({ boot }) => boot)) mark("boot", "M7 1l6 10h-12z");
  if (finding.conflicts.length > 0) mark("clash", "M7 11l-6 -10h12z");
  const items = entries.map(([kind, drawn]) => (
    el("span", {}, shape("svg", { viewBox: "0 0 14 12", "aria-hidden": "true" }, drawn), say(`legend.${kind}`))
  ));
  const cut = el("span", {}, say("legend.first-ranges", { count: DRAWN_RANGES }));
  if (finding.ranges.length > DRAWN_RANGES) items.push(cut);
  return el("div", { class: "legend figure" }, items);
}
