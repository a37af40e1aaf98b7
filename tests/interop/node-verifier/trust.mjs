// The trust file (docs/spec/verification.md, "Trust file"): the part of TOML that it needs, read strictly.

import { base64Of, isOrigin } from './encodings.mjs';
import { coseKey } from './cose.mjs';
import { COSIGNATURE, ED25519, verifierKey } from './note.mjs';
import { Malformed, need } from './refusal.mjs';

/** A trust file that cannot be used; the message names table and member. */
export class TrustError extends Error {}

const TABLES = {
  log: { members: ['origin', 'key'], read: readLog },
  maker: { members: ['name', 'key'], read: ({ name, key }) => ({ name, ...coseKey(base64Of(75, key)) }) },
  ledger: { members: ['key'], read: ({ key }) => verifierKey(key, ED25519) },
  evm: { members: ['contract', 'blocks'], read: readEvm },
  witness: { members: ['key'], read: ({ key }) => verifierKey(key, COSIGNATURE) },
  firmware: { members: ['name', 'measurement', 'status'], read: readFirmware },
};

/** {log, maker, ledger, evm, witness, firmware}: the tables' rows, keys ready for use. */
export function readTrust(source) {
  const document = parseToml(source);
  if (document.top.format !== 'voltseal-trust/1' || Object.keys(document.top).length !== 1) {
    throw new TrustError('trust file: format must be the only top-level member and be "voltseal-trust/1"');
  }
  const trust = {};
  for (const [table, { members, read }] of Object.entries(TABLES)) {
    trust[table] = document[table].map((row, i) => readRow(`[[${table}]] number ${i + 1}`, row, members, read));
    needDistinct(table, trust[table]);
  }
  return trust;
}

function readRow(where, row, members, read) {
  for (const member of Object.keys(row)) {
    if (!members.includes(member)) throw new TrustError(`${where}: ${member} is not known`);
  }
  for (const member of members) {
    if (!Object.hasOwn(row, member)) throw new TrustError(`${where}: ${member} is missing`);
  }
  try {
    return read(row);
  } catch (error) {
    if (error instanceof Malformed) throw new TrustError(`${where}: ${members.join(' or ')}: ${error.message}`);
    throw error;
  }
}

function needDistinct(table, rows) {
  const seen = new Set();
  for (const row of rows) {
    const key = row.measurement ?? row.contract ?? row.kid ?? `${row.name}+${row.bytes.toString('hex')}`;
    if (seen.has(key)) throw new TrustError(`[[${table}]]: the same key stands twice`);
    seen.add(key);
  }
}

function readLog({ origin, key }) {
  need(isOrigin(origin), 'origin');
  const log = verifierKey(key, ED25519);
  need(log.name === origin, "the key's name is not the origin");
  return { origin, ...log };
}

// Nothing is done with these rows: anchors on chains are reported as not checked.
function readEvm({ contract, blocks }) {
  need(/^(0|[1-9][0-9]{0,18})\/0x[0-9a-f]{40}$/.test(contract), 'contract is not chain id/address');
  need(/^(0x[0-9a-f]{64}( 0x[0-9a-f]{64})*)?$/.test(blocks), 'blocks are not hashes');
  return { contract };
}

function readFirmware({ name, measurement, status }) {
  need(/^[0-9a-f]{64}$/.test(measurement), 'measurement is not 64 hex digits');
  need(status === 'known' || status === 'revoked', 'status');
  return { name, measurement, status };
}

// TOML --------------------------------------------------------------------------------------------------------------

const BLANK = /^[ \t]*(#.*)?$/;
const TABLE = /^[ \t]*\[\[[ \t]*([A-Za-z0-9_-]+)[ \t]*\]\][ \t]*(#.*)?$/;
const MEMBER = /^[ \t]*([A-Za-z0-9_-]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|'[^']*')[ \t]*(#.*)?$/;

/** Rows of `[[table]]`s with bare keys and one-line strings; everything else of TOML is refused by line number. */
function parseToml(source) {
  const document = { top: Object.create(null) };
  for (const table of Object.keys(TABLES)) document[table] = [];
  let row = document.top;
  source.split(/\r?\n/).forEach((line, i) => {
    const refuse = (reason) => {
      throw new TrustError(`trust file, line ${i + 1}: ${reason}`);
    };
    if (/[\0-\x08\x0b-\x1f\x7f]/.test(line)) refuse('control character');
    if (BLANK.test(line)) return;
    const table = TABLE.exec(line);
    const member = MEMBER.exec(line);
    if (table) {
      if (!Object.hasOwn(TABLES, table[1])) refuse(`table ${table[1]} is not known`);
      row = Object.create(null);
      document[table[1]].push(row);
    } else if (member) {
      if (member[1] in row) refuse(`${member[1]} stands twice`);
      row[member[1]] = stringValue(member[2], refuse);
    } else refuse('neither [[table]] nor member = "text"');
  });
  return document;
}

const ESCAPES = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', '"': '"', '\\': '\\' };

function stringValue(literal, refuse) {
  const inner = literal.slice(1, -1);
  if (literal[0] === "'") return inner;
  return inner.replace(/\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)/gsu, (_, escape) => {
    if (escape.length === 1) return ESCAPES[escape] ?? refuse(`escape \\${escape}`);
    const point = Number.parseInt(escape.slice(1), 16);
    const valid = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    return valid ? String.fromCodePoint(point) : refuse(`escape \\${escape}`);
  });
}
