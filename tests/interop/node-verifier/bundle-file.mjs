// Step 1: from the file's bytes to its members, and nothing but the one way to write them (docs/spec/bundle.md).

import { constants } from 'node:buffer';
import { base64, base64Of, canonical, isOrigin, MAX_INTEGER, MAX_SEQUENCE, utf8 } from './encodings.mjs';
import { gunzipOne, isGzip } from './gzip.mjs';
import { need } from './refusal.mjs';

const MAX_TEXT_BYTES = 2 ** 32;
const MAX_LINE_BYTES = 2 ** 24;
const MAX_ENTRY_BYTES = 65535;
const MAX_COLUMNS_BYTES = 12288;
const REASONS = ['power-cut', 'spool-full', 'spool-damaged', 'unexplained'];

const isPlain = (value) => typeof value === 'string' && /^[ -~]*$/.test(value);
const isNote = (value) => typeof value === 'string' && /^[ -~\n\u2014]*$/.test(value);
const isCount = (value, limit) => Number.isInteger(value) && value >= 0 && value <= limit;

/** Bundle of a file's bytes; `digested` are the bytes that its digest is made over. Malformed if it is none. */
export function readBundle(file) {
  const text = isGzip(file) ? gunzipOne(file, Math.min(MAX_TEXT_BYTES, constants.MAX_LENGTH)) : file;
  need(text.length <= MAX_TEXT_BYTES, 'bundle is too long');
  const lines = new Lines(text);
  need(lines.next() === '{"format":"voltseal-evidence/1",', 'format');
  const bundle = {
    origin: lines.member('origin', checkOrigin),
    madeBy: lines.member('made_by', checkMadeBy),
    claim: lines.member('claim', checkClaim),
    checkpoint: lines.member('checkpoint', (value) => need(isNote(value), 'checkpoint')),
    anchors: lines.member('anchors', checkAnchors),
    newer: lines.member('newer', checkNewer),
    nodes: lines.items('inclusion', (value) => base64Of(32, stringOf(value))),
    entries: lines.items('entries', entryOf),
  };
  need(bundle.entries.length > 0, 'no entries');
  bundle.digested = text.subarray(0, lines.position);
  const last = lines.next();
  need(last.startsWith('"digest":') && last.endsWith('}'), 'digest');
  bundle.digest = base64Of(32, stringOf(parseCanonical(last.slice(9, -1), stringOf)));
  need(lines.position === text.length, 'bytes after the bundle');
  return bundle;
}

class Lines {
  constructor(bytes) {
    this.bytes = bytes;
    this.position = 0;
  }

  next() {
    const end = this.bytes.indexOf(10, this.position);
    need(end >= 0, 'line without its line feed');
    need(end + 1 - this.position <= MAX_LINE_BYTES, 'line is too long');
    const line = utf8(this.bytes.subarray(this.position, end));
    this.position = end + 1;
    return line;
  }

  member(name, check) {
    const line = this.next();
    const opening = `"${name}":`;
    need(line.startsWith(opening) && line.endsWith(','), `member ${name}`);
    return parseCanonical(line.slice(opening.length, -1), check);
  }

  /** The items of an array that takes a line for each; `of` checks an item and gives what to keep of it. */
  items(name, of) {
    need(this.next() === `"${name}":[`, `member ${name}`);
    const items = [];
    for (let more = null; ; ) {
      const line = this.next();
      if (line === '],') {
        need(more !== true, 'comma after the last item');
        return items;
      }
      need(more !== false, 'item without a comma before it');
      more = line.endsWith(',');
      let item;
      parseCanonical(more ? line.slice(0, -1) : line, (value) => (item = of(value)));
      items.push(item);
    }
  }
}

/** Value of RFC 8785 text. Its shape is checked before it is written again, so that no nesting reaches the writer. */
function parseCanonical(text, check) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    need(false, 'not JSON');
  }
  check(value);
  need(canonical(value) === text, 'not written as RFC 8785 asks');
  return value;
}

function needMembers(value, names, what) {
  need(value !== null && typeof value === 'object' && !Array.isArray(value), `${what} is not an object`);
  need(Object.keys(value).sort().join() === names.join(), `members of ${what}`);
}

function stringOf(value) {
  need(typeof value === 'string', 'not a string');
  return value;
}

function arrayOf(value, what) {
  need(Array.isArray(value), `${what} is not an array`);
  return value;
}

function checkOrigin(value) {
  need(typeof value === 'string' && isOrigin(value), 'origin');
}

function checkMadeBy(value) {
  needMembers(value, ['software', 'spec'], 'made_by');
  need(isPlain(value.software) && isPlain(value.spec), 'made_by');
}

function checkClaim(value) {
  needMembers(value, ['device', 'gaps', 'ranges'], 'claim');
  need(typeof value.device === 'string' && /^01[0-9a-f]{32}$/.test(value.device), 'device of the claim');
  let least = 0;
  for (const range of arrayOf(value.ranges, 'ranges')) {
    checkRange(range, 2, 'range of the claim');
    need(range[0] >= least, 'ranges of the claim touch or do not ascend');
    least = range[1] + 2; // at least one number lies between two ranges
  }
  need(value.ranges.length > 0, 'no range in the claim');
  checkGapForm(arrayOf(value.gaps, 'gaps'), value.ranges);
}

/** What can be seen of gaps from the claim alone; whether they are the gaps that there are is step 8's question. */
function checkGapForm(gaps, ranges) {
  let within = 0;
  gaps.forEach((gap, i) => {
    checkRange(gap, 3, 'gap of the claim');
    need(REASONS.includes(gap[2]), 'reason of a gap');
    const before = i > 0 ? gaps[i - 1] : [-2, -2];
    need(gap[0] > before[1], 'gaps of the claim do not ascend');
    need(gap[0] > before[1] + 1 || gap[2] !== before[2], 'gap written in two parts');
    while (within < ranges.length && ranges[within][1] < gap[0]) within++;
    const range = ranges[within] ?? [];
    need(range[0] <= gap[0] && gap[1] <= range[1], 'gap outside the ranges');
  });
}

function checkRange(value, size, what) {
  need(Array.isArray(value) && value.length === size, what);
  need(isCount(value[0], MAX_SEQUENCE) && isCount(value[1], MAX_SEQUENCE) && value[0] <= value[1], what);
}

function checkAnchors(value) {
  for (const anchor of arrayOf(value, 'anchors')) {
    needMembers(anchor, ['backend', 'proof', 'strength'], 'anchor');
    need(isPlain(anchor.backend) && isNote(anchor.proof) && isPlain(anchor.strength), 'anchor');
  }
}

/** A later checkpoint; null where the bundle brings none. */
function checkNewer(value) {
  if (value === null) return;
  needMembers(value, ['checkpoint', 'consistency'], 'newer');
  need(isNote(value.checkpoint), 'checkpoint of newer');
  for (const node of arrayOf(value.consistency, 'consistency')) base64Of(32, stringOf(node));
}

function entryOf(value) {
  const names = ['bytes', ...(Object.hasOwn(Object(value), 'disclosure') ? ['disclosure'] : []), 'index'];
  needMembers(value, names, 'entry');
  need(isCount(value.index, MAX_INTEGER), 'index of an entry');
  const bytes = base64(stringOf(value.bytes));
  need(bytes.length >= 1 && bytes.length <= MAX_ENTRY_BYTES, 'size of an entry');
  return { index: value.index, bytes, disclosure: names.length === 3 ? disclosureOf(value.disclosure) : null };
}

function disclosureOf(value) {
  if (Object.hasOwn(Object(value), 'seed')) {
    needMembers(value, ['columns', 'seed'], 'disclosure');
    return { columns: columnBytes(value.columns), seed: base64Of(16, stringOf(value.seed)) };
  }
  needMembers(value, ['nodes', 'shown'], 'disclosure');
  need(arrayOf(value.nodes, 'nodes').length > 0 && arrayOf(value.shown, 'shown').length > 0, 'nothing hidden or shown');
  const shown = value.shown.map(shownOf);
  need(shown.every(({ index }, i) => i === 0 || index > shown[i - 1].index), 'shown columns do not ascend');
  return { nodes: value.nodes.map((node) => base64Of(32, stringOf(node))), shown };
}

function shownOf(value) {
  needMembers(value, ['column', 'index', 'salt'], 'shown column');
  need(isCount(value.index, 63), 'index of a column');
  return { index: value.index, column: columnBytes(value.column), salt: base64Of(16, stringOf(value.salt)) };
}

function columnBytes(text) {
  const bytes = base64(stringOf(text));
  need(bytes.length >= 1 && bytes.length <= MAX_COLUMNS_BYTES, 'size of columns');
  return bytes;
}
