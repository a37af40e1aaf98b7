// Making elements. Text is only ever set as text: nothing in a file can become markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== false && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** An HTML element; children are elements or text. */
function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** An SVG element. */
function shape(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function card(title, attributes, ...children) {
  const classes = `card ${attributes.class ?? ""}`.trim();
  return el("section", { ...attributes, class: classes }, el("h2", {}, title), ...children);
}

function badge(kind, text) {
  return el("span", { class: `badge is-${kind}` }, text);
}

/** A time that stays on one line. */
function moment(timeMs) {
  return el("span", { class: "time" }, when(timeMs));
}

/** From one time to another; null where one is not known. A line breaks between them only. */
function period(firstMs, lastMs) {
  const [first, last] = [firstMs, lastMs].map((timeMs) => (timeMs === null ? "\u2026" : when(timeMs)));
  return el("span", {}, el("span", { class: "time" }, `${first} \u2013`), " ", el("span", { class: "time" }, last));
}

/** A table that scrolls sideways where it has no room. `columns`: `[title, isNumber]`; the first cell heads its row. */
function table(title, columns, rows) {
  const head = columns.map(([name, isNumber]) => el("th", { scope: "col", class: isNumber ? "num" : null }, name));
  const body = rows.map((cells) => el("tr", {}, cells.map((cell, i) => {
    if (i === 0) return el("th", { scope: "row" }, cell);
    return el("td", { class: columns[i][1] ? "num" : null }, cell);
  })));
  const content = el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, body));
  return el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": title }, content);
}

/** Description list entries from `[term, ...details]`. */
function descriptions(attributes, entries) {
  const groups = entries.map(([term, ...details]) => el("div", {}, el("dt", {}, term), el("dd", {}, ...details)));
  return el("dl", attributes, groups);
}
