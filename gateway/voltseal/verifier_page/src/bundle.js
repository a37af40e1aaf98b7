// The bundle's text: lines, members, types, canonical form (docs/spec/bundle.md). Step 1 is all in here.

const MAX_LINE_BYTES = 16 * 2 ** 20;
const BUNDLE_OPENING = '{"format":"voltseal-evidence/1",';
const GAP_REASONS = ["power-cut", "spool-full", "spool-damaged", "unexplained"];
const UNEXPLAINED = "unexplained";
const MAX_SEQUENCE = 2 ** 48 - 1;
const PRINTABLE = /^[ -~]*$/;
const NOTE_CHARACTERS = /^[ -~\n\u2014]*$/;
const DEEPEST_JSON = 8; // the deepest member, `shown` of a disclosure, is 4 deep

/** RFC 8785 text of integers, strings, arrays, objects and null; anything else is malformed. */
function canonicalJson(value, depth = DEEPEST_JSON) {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value);
  if (Number.isSafeInteger(value) && value >= 0) return String(value);
  if (typeof value !== "object" || depth === 0) throw new Malformed("JSON: a value not allowed");
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth - 1)).join(",")}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name], depth - 1)}`).join(",")}}`;
}

/** The value of one canonical text. */
function parseCanonical(text, name) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed(`${name}: not JSON`);
  }
  if (canonicalJson(value) !== text) throw new Malformed(`${name}: not in canonical form`);
  return value;
}

function expectMembers(value, name, required, optional = []) {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject) throw new Malformed(`${name}: not an object`);
  for (const member of required) {
    if (!Object.hasOwn(value, member)) throw new Malformed(`${name}: lacks ${member}`);
  }
  for (const member of Object.keys(value)) {
    if (!required.includes(member) && !optional.includes(member)) throw new Malformed(`${name}: unknown member`);
  }
  return value;
}

function expectItems(value, name) {
  if (!Array.isArray(value)) throw new Malformed(`${name}: not an array`);
  return value;
}

function expectPattern(value, name, pattern) {
  if (typeof value !== "string" || !pattern.test(value)) {
    throw new Malformed(`${name}: not a text of allowed characters`);
  }
  return value;
}

function expectBase64(value, name, shortest, longest = shortest) {
  return expectBytes(base64Bytes(value, name), name, shortest, longest);
}

/** Hands out the file's lines one by one. */
class LineReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
    this.number = 0;
  }

  /** The next line without its line feed. */
  line() {
    const end = this.bytes.indexOf(10, this.at);
    this.number += 1;
    if (end < 0) throw new Malformed(`line ${this.number}: cut off`);
    if (end - this.at >= MAX_LINE_BYTES) throw new Malformed(`line ${this.number}: longer than 16 MiB`);
    const text = utf8Text(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }

  /** The value of the line `"name":value,`. */
  member(name, ending = ",") {
    const [line, opening] = [this.line(), `"${name}":`];
    if (!line.startsWith(opening) || !line.endsWith(ending)) {
      throw new Malformed(`line ${this.number}: member ${name} must stand here`);
    }
    return parseCanonical(line.slice(opening.length, line.length - ending.length), name);
  }

  /** The values of one list, each read by `read(value, name)`. */
  list(name, read) {
    if (this.line() !== `"${name}":[`) throw new Malformed(`line ${this.number}: list ${name} must open here`);
    const values = [];
    for (let line = this.line(); line !== "],"; ) {
      const where = `line ${this.number}`;
      const following = this.line();
      const isLast = following === "],";
      if (line.endsWith(",") === isLast) throw new Malformed(`${where}: all items but the last end in a comma`);
      values.push(read(parseCanonical(isLast ? line : line.slice(0, -1), where), where));
      line = following;
    }
    return values;
  }
}

/** The whole bundle. `digestedBytes`: how many bytes stand before the line of `digest`. */
function parseBundle(bytes) {
  const lines = new LineReader(bytes);
  if (lines.line() !== BUNDLE_OPENING) throw new Malformed("line 1: this is no evidence bundle of version 1");
  const bundle = {
    origin: expectPattern(lines.member("origin"), "origin", ORIGIN_FORM),
    madeBy: readMadeBy(lines.member("made_by")),
    claim: readClaim(lines.member("claim")),
    checkpoint: expectPattern(lines.member("checkpoint"), "checkpoint", NOTE_CHARACTERS),
    anchors: expectItems(lines.member("anchors"), "anchors").map(readAnchor),
    newer: readNewer(lines.member("newer")),
    inclusion: lines.list("inclusion", (value, where) => expectBase64(value, where, 32)),
    entries: lines.list("entries", readEntry),
    digestedBytes: lines.at,
    digest: expectBase64(lines.member("digest", "}"), "digest", 32),
  };
  if (lines.at !== bytes.length) throw new Malformed("there are bytes after the bundle's end");
  if (bundle.entries.length === 0) throw new Malformed("a bundle has at least one entry");
  return bundle;
}

function readMadeBy(value) {
  const madeBy = expectMembers(value, "made_by", ["software", "spec"]);
  for (const member of ["software", "spec"]) expectPattern(madeBy[member], `made_by.${member}`, PRINTABLE);
  return madeBy;
}

function readAnchor(value) {
  const anchor = expectMembers(value, "anchors", ["backend", "proof", "strength"]);
  expectPattern(anchor.backend, "anchors.backend", PRINTABLE);
  expectPattern(anchor.strength, "anchors.strength", PRINTABLE);
  expectPattern(anchor.proof, "anchors.proof", NOTE_CHARACTERS);
  return anchor;
}

/** A later checkpoint, or null. */
function readNewer(value) {
  if (value === null) return null;
  const { checkpoint, consistency } = expectMembers(value, "newer", ["checkpoint", "consistency"]);
  return {
    checkpoint: expectPattern(checkpoint, "newer.checkpoint", NOTE_CHARACTERS),
    consistency: expectItems(consistency, "newer").map((node) => expectBase64(node, "newer.consistency", 32)),
  };
}

function readClaim(value) {
  const claim = expectMembers(value, "claim", ["device", "gaps", "ranges"]);
  expectPattern(claim.device, "claim.device", /^01[0-9a-f]{32}$/);
  const ranges = expectItems(claim.ranges, "claim.ranges").map((range) => readNumbers(range, "claim.ranges", 2));
  const gaps = expectItems(claim.gaps, "claim.gaps").map((gap) => readNumbers(gap, "claim.gaps", 3));
  if (ranges.length === 0) throw new Malformed("claim.ranges: empty");
  for (let i = 1; i < ranges.length; i += 1) {
    if (ranges[i][0] <= ranges[i - 1][1] + 1) throw new Malformed("claim.ranges: not ascending with a number between");
  }
  checkGaps(gaps, ranges);
  return { device: claim.device, ranges, gaps };
}

/** `[first, last]`, or with `length` 3 `[first, last, reason]`. */
function readNumbers(value, name, length) {
  const [first, last, reason] = expectArray(value, name, length);
  expectUint(first, name, 0, MAX_SEQUENCE);
  expectUint(last, name, first, MAX_SEQUENCE);
  if (length === 3 && !GAP_REASONS.includes(reason)) throw new Malformed(`${name}: unknown reason`);
  return value;
}

/** Gaps ascend, are maximal, and each lies in one range. */
function checkGaps(gaps, ranges) {
  let range = 0;
  gaps.forEach(([first, last, reason], i) => {
    if (i > 0) {
      const [, lastBefore, reasonBefore] = gaps[i - 1];
      const continues = lastBefore + 1 === first && reasonBefore === reason;
      if (lastBefore >= first || continues) throw new Malformed("claim.gaps: overlapping, unordered, or not maximal");
    }
    while (range < ranges.length && first > ranges[range][1]) range += 1;
    const outside = range === ranges.length || first < ranges[range][0] || last > ranges[range][1];
    if (outside) throw new Malformed("claim.gaps: not within one range");
  });
}

function readEntry(value, where) {
  const entry = expectMembers(value, where, ["bytes", "index"], ["disclosure"]);
  return {
    index: expectUint(entry.index, `${where}: index`),
    raw: expectBase64(entry.bytes, `${where}: bytes`, 1, 65_535),
    disclosure: Object.hasOwn(entry, "disclosure") ? readDisclosure(entry.disclosure, where) : null,
  };
}

/** `{seed, columns}` for all columns, or `{nodes, shown}` for some. */
function readDisclosure(value, where) {
  if (typeof value === "object" && value !== null && Object.hasOwn(value, "seed")) {
    const full = expectMembers(value, where, ["columns", "seed"]);
    const columns = expectBase64(full.columns, `${where}: columns`, 1, 12_288);
    return { seed: expectBase64(full.seed, `${where}: seed`, 16), columns };
  }
  const partial = expectMembers(value, where, ["nodes", "shown"]);
  const nodes = expectItems(partial.nodes, where).map((node) => expectBase64(node, `${where}: nodes`, 32));
  const shown = expectItems(partial.shown, where).map((item) => readShown(item, where));
  const ascending = shown.every((one, i) => i === 0 || one.index > shown[i - 1].index);
  if (nodes.length === 0 || shown.length === 0 || !ascending) {
    throw new Malformed(`${where}: nothing shown, nothing hidden, or indexes do not ascend`);
  }
  return { nodes, shown };
}

function readShown(value, where) {
  const shown = expectMembers(value, where, ["column", "index", "salt"]);
  return {
    index: expectUint(shown.index, `${where}: index of a column`, 0, 63),
    salt: expectBase64(shown.salt, `${where}: salt`, 16),
    column: expectBase64(shown.column, `${where}: column`, 1, 12_288),
  };
}
