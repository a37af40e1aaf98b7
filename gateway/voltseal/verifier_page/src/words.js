// Words and numbers in the reader's language. What comes from a file is made harmless to look at here.

const END_OF_CALENDAR_MS = 253_402_300_799_999; // the last millisecond of the year 9999
let language = /^zh\b/i.test(navigator.language ?? "") ? "zh" : "en";

/** The text `key`, its {places} filled. A key that is missing is a defect of this page, which a test looks for. */
function say(key, values = {}) {
  return STRINGS[language][key].replace(/\{([a-z]+)\}/g, (_, name) => String(values[name]));
}

function number(value) {
  return new Intl.NumberFormat(language).format(value);
}

/** Text from a file: control and direction characters could make a line say something else than it does. */
function harmless(text) {
  return text.replace(/\p{C}/gu, "\ufffd");
}

/** UTC to the second, where a calendar has the time: a file may say any number. */
function when(timeMs) {
  if (timeMs > END_OF_CALENDAR_MS) return `${timeMs} ms`;
  return `${new Date(timeMs).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function range(first, last) {
  return first === last ? String(first) : `${first}\u2013${last}`;
}

/** A few ranges in a row. */
function ranges(list, most = 6) {
  const more = list.length > most ? say("facts.more", { count: list.length - most }) : "";
  return list.slice(0, most).map(([first, last]) => range(first, last)).join(", ") + more;
}

function fileSize(bytes) {
  const [unit, scale] = bytes < 10_000 ? ["B", 1] : bytes < 10_000_000 ? ["kB", 1e3] : ["MB", 1e6];
  return `${number(Math.round((bytes / scale) * 10) / 10)} ${unit}`;
}

/** What a column is called; columns that this page has no words for keep the schema's name. */
function fieldName(name) {
  const numbered = /^(.+)_(\d+)_[a-z]+$/.exec(name);
  if (numbered && Object.hasOwn(STRINGS[language], `field.${numbered[1]}`)) {
    return say(`field.${numbered[1]}`, { number: Number(numbered[2]) });
  }
  return Object.hasOwn(STRINGS[language], `field.${name}`) ? say(`field.${name}`) : name;
}

/** A value in its unit: the wire has whole numbers of a small unit. */
function quantity(value, { scale }) {
  if (value === null) return "\u2013";
  const digits = Math.max(0, -scale);
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, format).format(value * 10 ** scale);
}
