// A plot of shown columns: lines over time, broken and shaded where statements are missing.

const PLOT = { height: 290, left: 62, right: 30, top: 24, bottom: 46 };
const MOST_POINTS = 20_000; // more would only be ink
const TIME_COLUMN = 0;

/**
 * What can be plotted: each shown column, and groups of like ones. `{id, name, schema, columns: [{field, index}]}`.
 * Only of the schema that the first statement with values has: a device has one.
 */
function plotChoices(view) {
  const telemetry = view.statements.filter(({ values }) => values);
  const schema = telemetry[0]?.schema;
  if (schema === undefined) return [];
  const isShown = (index) => telemetry.some((one) => one.schema === schema && one.values.has(index));
  const all = SCHEMAS[schema].fields.map((field, index) => ({ field, index }));
  const columns = all.filter(({ index }) => isShown(index));
  const single = (column) => ({ id: column.field.name, name: fieldName(column.field.name), schema, columns: [column] });
  const singles = columns.filter(({ index }) => index !== TIME_COLUMN).map(single);
  const groups = ["cell", "temp"].map((kind) => ({
    id: kind,
    name: say(`values.group.${kind}`),
    schema,
    columns: columns.filter(({ field }) => field.name.startsWith(`${kind}_`)),
  })).filter((group) => group.columns.length > 1);
  const firstOfGroup = singles.findIndex(({ id }) => /^(cell|temp)_/.test(id));
  singles.splice(firstOfGroup < 0 ? singles.length : firstOfGroup, 0, ...groups);
  return singles;
}

/** Whether all readings have a time: the statement's is known, the time column shown. Else numbers are the axis. */
function hasTimes(statements) {
  return statements.every(({ timeQuality, values }) => timeQuality > 0 && values.has(TIME_COLUMN));
}

/** Readings in order, `{x, sequence, values: [one a column]}`, whether x is a time, and what is missing in between. */
function plotReadings(view, choice) {
  const shows = ({ schema, values }) => values && schema === choice.schema;
  const hasChosen = ({ values }) => choice.columns.some(({ index }) => values.has(index));
  const showing = view.statements.filter((one) => shows(one) && hasChosen(one));
  const timed = hasTimes(showing);
  const readings = [];
  for (const statement of showing) {
    const offsets = statement.values.get(TIME_COLUMN);
    for (let i = 0; i < statement.readingCount; i += 1) {
      const x = timed ? statement.timeMs + offsets[i] : statement.sequence + i / statement.readingCount;
      const values = choice.columns.map(({ index }) => statement.values.get(index)?.[i] ?? null);
      readings.push({ x, sequence: statement.sequence, values });
    }
  }
  if (timed) readings.sort((a, b) => a.x - b.x);
  return { timed, readings, ...findBreaks(readings, presentRuns(view.statements), view.claim.gaps) };
}

/**
 * `breaks`: before which readings statements are not here, so that no line may suggest values in between; `bands`:
 * where, of these, the claim names them missing.
 */
function findBreaks(readings, present, gaps) {
  const [breaks, bands] = [new Set(), []];
  for (let i = 1; i < readings.length; i += 1) {
    const [before, after] = [readings[i - 1], readings[i]];
    if (uncovered(before.sequence + 1, after.sequence - 1, present).length === 0) continue;
    breaks.add(i);
    const gap = firstReaching(gaps, before.sequence + 1);
    if (gap < gaps.length && gaps[gap][0] < after.sequence) bands.push({ from: before.x, to: after.x });
  }
  return { breaks, bands };
}

/** At most five round values that span low..high. */
function roundTicks(low, high) {
  const step = 10 ** Math.floor(Math.log10((high - low) / 4));
  const width = [1, 2, 5, 10].map((factor) => factor * step).find((one) => (high - low) / one <= 5);
  const ticks = [];
  for (let k = Math.ceil(low / width - 1e-9); k * width <= high + width * 1e-9; k += 1) ticks.push(k * width);
  return ticks;
}

const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

function timeTicks(low, high, most) {
  const spanS = (high - low) / 1000;
  const day = 86_400;
  const stepS = TIME_STEPS_S.find((one) => spanS / one <= most) ?? Math.ceil(spanS / most / day) * day;
  const ticks = [];
  for (let k = Math.ceil(low / 1000 / stepS); k * stepS * 1000 <= high; k += 1) ticks.push(k * stepS * 1000);
  return { ticks, label: (timeMs) => timeLabel(timeMs, stepS, spanS) };
}

function timeLabel(timeMs, stepS, spanS) {
  if (timeMs > END_OF_CALENDAR_MS) return "";
  const text = new Date(timeMs).toISOString();
  if (stepS >= 86_400) return text.slice(0, 10);
  const clock = text.slice(11, stepS < 60 ? 19 : 16);
  return spanS > 86_400 ? `${text.slice(5, 10)} ${clock}` : clock;
}

/** Where values and times go on the paper. */
function scales({ readings, timed }, unit, width) {
  const present = readings.flatMap(({ values }) => values.filter((value) => value !== null));
  let low = present.reduce((a, b) => Math.min(a, b), Infinity) * 10 ** unit.scale;
  let high = present.reduce((a, b) => Math.max(a, b), -Infinity) * 10 ** unit.scale;
  const margin = high > low ? (high - low) * 0.06 : Math.max(Math.abs(high) * 0.02, 10 ** unit.scale);
  [low, high] = [low - margin, high + margin];
  let [from, to] = [readings[0].x, readings.at(-1).x];
  if (from === to) [from, to] = timed ? [from - 1000, to + 1000] : [from - 0.5, to + 0.5];
  const inner = { width: width - PLOT.left - PLOT.right, height: PLOT.height - PLOT.top - PLOT.bottom };
  return {
    low,
    high,
    from,
    to,
    x: (value) => PLOT.left + (inner.width * (value - from)) / (to - from),
    y: (value) => PLOT.top + inner.height * (1 - (value * 10 ** unit.scale - low) / (high - low)),
    yOf: (shown) => PLOT.top + inner.height * (1 - (shown - low) / (high - low)),
  };
}

function drawAxes(drawing, scale, timed, unit, width) {
  const [left, right, bottom] = [PLOT.left, width - PLOT.right, PLOT.height - PLOT.bottom];
  const ticksUp = roundTicks(scale.low, scale.high);
  const digits = Math.min(6, Math.max(0, -Math.floor(Math.log10(ticksUp[1] - ticksUp[0]) + 1e-9)));
  const format = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  for (const tick of ticksUp) {
    const y = scale.yOf(tick);
    const text = format.format(tick);
    drawing.append(shape("line", { class: "axis", x1: left, x2: right, y1: y, y2: y }));
    drawing.append(shape("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, text));
  }
  const most = Math.max(3, Math.floor((right - left) / 75));
  const numbers = () => ({ ticks: roundTicks(scale.from, scale.to).filter(Number.isInteger), label: String });
  const { ticks, label } = timed ? timeTicks(scale.from, scale.to, most) : numbers();
  for (const tick of ticks) {
    const x = scale.x(tick);
    drawing.append(shape("line", { class: "axis", x1: x, x2: x, y1: bottom, y2: bottom + 5 }));
    drawing.append(shape("text", { x, y: bottom + 19, "text-anchor": "middle" }, label(tick)));
  }
  drawing.append(shape("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }));
  const day = timed && scale.from <= END_OF_CALENDAR_MS ? ` \u00b7 ${when(scale.from).slice(0, 10)}` : "";
  const axis = say(timed ? "values.axis.time" : "values.axis.number") + day;
  drawing.append(shape("text", { x: (left + right) / 2, y: PLOT.height - 6, "text-anchor": "middle" }, axis));
  if (unit.symbol) drawing.append(shape("text", { x: left - 8, y: 12, "text-anchor": "end" }, unit.symbol));
}

/** The path of one column: broken at gaps and where it is absent. */
function linePath({ readings, breaks }, column, scale) {
  const stride = Math.ceil(readings.length / MOST_POINTS);
  let path = "";
  let isOpen = false;
  readings.forEach(({ x, values }, i) => {
    if (breaks.has(i) || values[column] === null) isOpen = false;
    if (values[column] === null || (i % stride !== 0 && isOpen)) return;
    path += `${isOpen ? "L" : "M"}${scale.x(x).toFixed(1)} ${scale.y(values[column]).toFixed(1)}`;
    isOpen = true;
  });
  return path;
}

/** The plot of one choice, `width` pixels wide, with a line below it that says the value under the pointer. */
function plot(view, choice, width) {
  const series = plotReadings(view, choice);
  const present = series.readings.flatMap(({ values }) => values.filter((value) => value !== null));
  if (present.length === 0) return el("p", {}, "\u2013");
  const unit = choice.columns[0].field;
  const scale = scales(series, unit, width);
  const bound = (pick) => quantity(present.reduce((a, b) => pick(a, b)), unit);
  const bounds = { minimum: bound(Math.min), maximum: bound(Math.max), unit: unit.symbol };
  const label = say("values.figure", { name: choice.name, readings: number(series.readings.length), ...bounds });
  const drawing = shape("svg", { viewBox: `0 0 ${width} ${PLOT.height}`, role: "img", "aria-label": label });
  for (const { from, to } of series.bands) {
    const [x, end] = [scale.x(from), scale.x(to)];
    const height = PLOT.height - PLOT.top - PLOT.bottom;
    drawing.append(shape("rect", { class: "band", x, y: PLOT.top, width: Math.max(2, end - x), height }));
  }
  drawAxes(drawing, scale, series.timed, unit, width);
  choice.columns.forEach((_, column) => drawLine(drawing, series, column, scale));
  const readout = el("p", { class: "readout", "aria-hidden": "true" });
  followPointer(drawing, series, choice, scale, readout, width);
  return el("div", { class: "figure" }, el("p", { class: "caption" }, choice.name), drawing, readout);
}

function drawLine(drawing, series, column, scale) {
  const colour = column % 8;
  drawing.append(shape("path", { class: `line s${colour}`, d: linePath(series, column, scale) }));
  if (series.readings.length > 60) return;
  const r = series.readings[0].values.length > 2 ? 2 : 3.5; // a single reading between gaps has no line
  for (const { x, values } of series.readings) {
    if (values[column] === null) continue;
    drawing.append(shape("circle", { class: `dot f${colour}`, cx: scale.x(x), cy: scale.y(values[column]), r }));
  }
}

/** Show the reading nearest to the pointer. */
function followPointer(drawing, { readings, timed }, choice, scale, readout, width) {
  const cross = shape("line", { class: "cross", y1: PLOT.top, y2: PLOT.height - PLOT.bottom, visibility: "hidden" });
  drawing.append(cross);
  const unit = choice.columns[0].field;
  drawing.addEventListener("pointermove", (event) => {
    const frame = drawing.getBoundingClientRect();
    const at = ((event.clientX - frame.left) / frame.width) * width;
    const nearest = readings.reduce((best, one) => (
      Math.abs(scale.x(one.x) - at) < Math.abs(scale.x(best.x) - at) ? one : best
    ));
    for (const end of ["x1", "x2"]) cross.setAttribute(end, scale.x(nearest.x));
    cross.setAttribute("visibility", "visible");
    const place = timed ? when(nearest.x) : `${say("values.axis.number")} ${nearest.sequence}`;
    const shown = nearest.values.slice(0, 16).map((value) => quantity(value, unit)).join(" \u00b7 ");
    readout.textContent = `${place}: ${shown} ${unit.symbol}`;
  });
  drawing.addEventListener("pointerleave", () => {
    cross.setAttribute("visibility", "hidden");
    readout.textContent = "";
  });
}
