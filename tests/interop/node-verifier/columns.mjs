// Columns, commitment and disclosures (docs/spec/commitment.md; bundle.md, "Disclosure").

import { decode, itemsOfArray } from './cbor.mjs';
import { sha256, MAX_INTEGER } from './encodings.mjs';
import { SCHEMA_COLUMNS } from './entries.mjs';
import { leafHash, multiProofRoot } from './merkle.mjs';
import { need, orRefuse, Refusal } from './refusal.mjs';

const inRange = (value) => value >= -MAX_INTEGER && value <= MAX_INTEGER;

/** Judge a telemetry statement's disclosure: `malformed-disclosure` or `bad-commitment`, or nothing. */
export function checkDisclosure(statement, disclosure) {
  const columns = SCHEMA_COLUMNS.get(statement.schema);
  const leaves = orRefuse('malformed-disclosure', () => {
    const shown = disclosure.seed ? allColumns(disclosure, columns) : someColumns(disclosure, columns);
    shown.forEach(({ index, column }) => checkColumn(column, index, statement.readingCount));
    return shown.map(({ index, column, salt }) => [BigInt(index), leafHash(salt, column)]);
  });
  const root = orRefuse('bad-commitment', () => multiProofRoot(leaves, disclosure.nodes ?? [], BigInt(columns)));
  if (!root.equals(statement.commitment)) throw new Refusal('bad-commitment', 'columns do not give the commitment');
}

function allColumns({ columns, seed }, count) {
  const encodings = itemsOfArray(columns);
  need(encodings.length === count, `${encodings.length} columns instead of ${count}`);
  return encodings.map((column, index) => ({ index, column, salt: saltOf(seed, index) }));
}

function saltOf(seed, index) {
  return sha256(seed, Buffer.from([index >> 8, index & 0xff])).subarray(0, 16);
}

function someColumns({ shown }, count) {
  shown.forEach(({ index }) => need(index < count, 'column beyond the schema'));
  return shown;
}

/** Refuse bytes that are not the one encoding of column `index` over `readingCount` readings. */
function checkColumn(bytes, index, readingCount) {
  const values = valuesOf(decode(bytes), readingCount);
  if (index !== 0) return;
  // Field 0 is time_offset_ms: in every reading, from 0, never falling.
  need(values !== null && values[0] === 0, 'time offsets do not begin with 0');
  need(values.every((value, i) => value !== null && (i === 0 || value >= values[i - 1])), 'time offsets fall or lack');
}

/** The differences turned back into values (null: absent), or null for an absent column. */
function valuesOf(column, readingCount) {
  if (column === null) return null;
  const differences = Array.isArray(column) ? column : [column];
  if (Array.isArray(column)) {
    need(column.length >= 2 && column.length <= readingCount, 'length of a column');
    const integers = column.filter((item) => item !== null);
    need(integers.length > 0, 'column without a value');
    need(column.at(-1) !== 0 || integers.length === 1, 'column is not cut where it stops changing');
  }
  let value = 0;
  return differences.map((difference) => {
    if (difference === null) return null;
    need(Number.isInteger(difference), 'column holds something other than integers');
    value += difference; // both at most 2^53-1, so that the sum is exact enough to be judged
    need(inRange(value), 'value beyond 2^53-1');
    return value;
  });
}
