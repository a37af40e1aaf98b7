// The result in words, tables and figures: what a person has to read who has to decide something.

const LISTED_GAPS = 200;
const LISTED_READINGS = 500;
const MARKS = { good: "\u2713", warn: "!", invalid: "\u2715", open: "?" };
const COMPLETENESS_KINDS = {
  complete: "good", "gap-declared": "warn", "gap-unexplained": "warn", equivocation: "invalid",
};

/** The whole result. `width`: how wide a figure may be, in pixels. */
function report(outcome, hasTrust, width) {
  if (outcome.result !== "valid") return [failureBanner(outcome, hasTrust), stepsCard(outcome)];
  const { verdict, view } = outcome;
  return [
    verdictBanner(verdict),
    factsCard(verdict),
    completenessCard(verdict.completeness, view, width),
    valuesCard(verdict.disclosure, view, width),
    el("div", { class: "columns" }, keysCard(verdict), timeCard(verdict)),
    el("div", { class: "columns" }, limitsCard(verdict), stepsCard(outcome)),
    technicalCard(verdict, view),
  ];
}

function banner(kind, title, ...lines) {
  const mark = el("span", { class: "mark", "aria-hidden": "true" }, MARKS[kind]);
  return el("div", { class: `banner ${kind}`, id: "verdict" }, mark, el("h2", {}, title), ...lines);
}

function verdictBanner({ completeness }) {
  const word = completeness.result;
  const [title, text] = [say(`verdict.${word}.title`), say(`verdict.${word}.text`)];
  return banner(COMPLETENESS_KINDS[word], title, el("p", { class: "why" }, text));
}

/** Invalid, or could not check: why, what that means, and where. */
function failureBanner({ result, step, code, detail, entry }, hasTrust) {
  const invalid = result === "invalid";
  const words = invalid ? "invalid" : step === 0 ? "unreadable" : "could-not-check";
  const missing = code === "unknown-log" && !hasTrust ? say("verdict.no-trust") : say(`code.${code}`);
  const places = [step > 0 ? say("where.step", { step, code }) : code];
  if (entry !== null && entry !== undefined) places.push(say("where.entry", { entry }));
  if (detail) places.push(say("where.detail", { detail: harmless(detail) }));
  return banner(
    invalid ? "invalid" : "open",
    say(`verdict.${words}.title`),
    el("p", { class: "why" }, el("strong", {}, missing), " ", say(`verdict.${words}.text`)),
    el("p", { class: "where" }, places.join(" \u00b7 ")),
  );
}

function stepsCard(outcome) {
  const items = STEPS.map(([step], i) => {
    const done = outcome.steps[i];
    const status = done?.status ?? "waiting";
    const mark = { ok: MARKS.good, failed: MARKS.invalid, "could-not-check": MARKS.open, waiting: "" }[status];
    const why = done?.code ? el("small", {}, say(`code.${done.code}`)) : null;
    const title = el("strong", {}, `${step} \u00b7 ${say(`step.${step}`)}`);
    const label = el("span", {}, title, el("span", { class: "status" }, ` \u2013 ${say(`status.${status}`)}`), why);
    return el("li", { class: status }, el("span", { class: "mark", "aria-hidden": "true" }, mark), label);
  });
  return card(say("steps.title"), { class: "long" }, el("ol", { class: "steps" }, items));
}

function factsCard(verdict) {
  const { keys, time, completeness } = verdict;
  const makers = [...new Set(keys.map(({ maker }) => maker))].join(", ");
  const kinds = [...new Set(keys.map(({ device_class: kind }) => say(`kind.${kind}`)))].join(", ");
  const hasClock = time.device_first_ms !== null;
  const times = hasClock ? period(time.device_first_ms, time.device_last_ms) : say("facts.no-clock");
  const bound = time.not_after_ms === null
    ? [say("facts.not-anchored")]
    : [moment(time.not_after_ms), el("small", {}, say("facts.existed.by", { who: who(time.not_after_by) }))];
  const numbers = say("facts.numbers", { numbers: ranges(completeness.ranges) });
  return el("section", { class: "card" }, descriptions({ class: "facts" }, [
    [say("facts.device"), el("span", { class: "mono" }, verdict.device), el("small", {}, kinds)],
    [say("facts.period"), times],
    [say("facts.statements"), number(completeness.statements), el("small", {}, numbers)],
    [say("facts.maker"), harmless(makers) || say("nobody")],
    [say("facts.log"), harmless(verdict.inclusion.origin), ...stillThere(verdict.inclusion.newer)],
    [say("facts.existed"), ...bound],
  ]));
}

function stillThere(newer) {
  return newer === null ? [] : [el("small", {}, say("facts.newer", { size: number(newer.tree_size) }))];
}

/** `ledger NAME` or `witness NAME` in words. */
function who(by) {
  const [kind, ...name] = by.split(" ");
  return say(`who.${kind}`, { name: harmless(name.join(" ")) });
}

function completenessCard(finding, view, width) {
  const counts = countNumbers(finding.ranges, finding.gaps);
  const texts = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, number(count)]));
  const children = [
    el("p", {}, say(`completeness.words.${finding.result}`, texts)),
    el("div", { class: "figure", id: "timeline" }, timeline(finding, view.statements, width)),
    timelineLegend(finding, view.statements),
  ];
  if (finding.gaps.length > 0) children.push(gapsTable(finding.gaps, view.statements));
  if (finding.conflicts.length > 0) children.push(...conflictsTable(finding));
  return card(say("completeness.title"), { class: "long", id: "completeness" }, ...children);
}

function gapsTable(gaps, statements) {
  const rows = gaps.slice(0, LISTED_GAPS).map(([first, last, reason]) => {
    const kind = reason === UNEXPLAINED ? "bad" : "warn";
    const why = [badge(kind, say(`reason.${reason}`)), el("small", {}, between(first, last, statements))];
    return [range(first, last), number(last - first + 1), el("div", { class: "plain" }, why)];
  });
  const more = gaps.length - rows.length;
  if (more > 0) rows.push([say("gaps.more", { count: number(more) }), "", ""]);
  const titles = [[say("gaps.numbers")], [say("gaps.count"), true], [say("gaps.reason")]];
  return table(say("gaps.numbers"), titles, rows);
}

/** The device's times on both sides of a gap, where it knew them. */
function between(first, last, statements) {
  const runs = statements.map(({ sequence }) => [sequence, sequence]);
  const at = firstReaching(runs, first);
  const times = [statements[at - 1], statements[firstReaching(runs, last + 1)]].map((one) => (
    one && one.timeQuality > 0 ? one.timeMs : null
  ));
  return times[0] === null && times[1] === null ? "" : period(...times);
}

function conflictsTable({ conflicts, conflict_count: count }) {
  const place = ({ sequence, boot_count: boot, index, digest }) => el(
    "span", {}, say("conflict.ref", { sequence, boot, index }), " ", el("code", {}, `${digest.slice(0, 16)}\u2026`),
  );
  const rows = conflicts.map(({ about, first, second }) => [say(`conflict.${about}`), place(first), place(second)]);
  if (count > rows.length) rows.push([say("conflicts.more", { count: number(count - rows.length) }), "", ""]);
  const titles = [[say("conflicts.about")], [say("conflicts.first")], [say("conflicts.second")]];
  return [el("h3", {}, say("conflicts.title")), table(say("conflicts.title"), titles, rows)];
}

function valuesCard(finding, view, width) {
  const total = finding.full + finding.partial + finding.none;
  const attributes = { class: "long", id: "values" };
  if (total === 0) return card(say("values.title"), attributes, el("p", {}, say("values.none")));
  const { full, partial, none } = finding;
  const counts = { total: number(total), full: number(full), partial: number(partial), none: number(none) };
  const children = [el("p", {}, finding.shown.length > 0 ? say("values.counts", counts) : say("values.hidden-all"))];
  const choices = plotChoices(view);
  if (choices.length > 0) children.push(...plotChooser(view, choices, width));
  if (finding.shown.length > 0) children.push(shownDetails(finding.shown));
  if (finding.hidden.length > 0) {
    const chips = finding.hidden.map((name) => el("span", { title: name }, fieldName(name)));
    children.push(el("h3", {}, say("hidden.title")), el("div", { class: "chips", id: "hidden" }, chips));
  }
  return card(say("values.title"), attributes, ...children);
}

/** A choice of columns with its plot, and the same values as a table. */
function plotChooser(view, choices, width) {
  const options = choices.map(({ id, name }) => el("option", { value: id }, name));
  const select = el("select", { id: "column" }, options);
  const paper = el("div", { id: "plot" });
  const show = () => {
    chosenColumn = select.value;
    const choice = choices.find(({ id }) => id === select.value);
    const list = el("details", {}, el("summary", {}, say("values.list")));
    list.addEventListener("toggle", () => list.childElementCount > 1 || list.append(...readingsList(view, choice)));
    const hasBands = plotReadings(view, choice).bands.length > 0;
    const note = hasBands ? el("p", { class: "hint" }, say("values.gap")) : "";
    paper.replaceChildren(plot(view, choice, width), note, list);
  };
  const wanted = choices.find(({ id }) => id === chosenColumn) ?? choices.find(({ id }) => id === "soc_permille");
  select.value = (wanted ?? choices[0]).id;
  select.addEventListener("change", show);
  show();
  return [el("div", { class: "choice" }, el("label", { for: "column" }, say("values.choose")), select), paper];
}

let chosenColumn = null; // so that another language or width shows the same plot again

function readingsList(view, choice) {
  const { readings, timed } = plotReadings(view, choice);
  const unit = choice.columns[0].field;
  const suffix = unit.symbol ? `, ${unit.symbol}` : "";
  const columns = choice.columns.map(({ field }) => [fieldName(field.name) + suffix, true]);
  const rows = readings.slice(0, LISTED_READINGS).map(({ x, sequence, values }) => (
    [timed ? when(x) : String(sequence), ...values.map((value) => quantity(value, unit))]
  ));
  const list = table(choice.name, [[say("column.reading")], ...columns], rows);
  const cut = readings.length > LISTED_READINGS;
  return cut ? [list, el("p", { class: "hint" }, say("values.list.more", { count: number(LISTED_READINGS) }))] : [list];
}

/** Few columns stand open; many are a click away, and on paper. */
function shownDetails(shown) {
  const title = el("summary", {}, `${say("values.table")} (${number(shown.length)})`);
  return el("details", { class: "printed", open: shown.length <= 8 }, title, shownTable(shown));
}

function shownTable(shown) {
  const named = ({ name, fields }) => fields.map((field) => [`${name} ${field.name}`, field]);
  const units = new Map(Object.values(SCHEMAS).flatMap(named));
  const rows = shown.map((column) => {
    const unit = units.get(`${column.schema} ${column.name}`);
    const bounds = [column.first, column.last, column.minimum, column.maximum].map((value) => quantity(value, unit));
    const name = el("span", { title: column.name }, fieldName(column.name));
    return [name, unit.symbol, number(column.readings - column.absent), ...bounds];
  });
  const numbers = ["readings", "first", "last", "minimum", "maximum"].map((name) => [say(`column.${name}`), true]);
  return table(say("values.table"), [[say("column.name")], [say("column.unit")], ...numbers], rows);
}
