// Columns and their disclosure (docs/spec/commitment.md).

/** The values of one column, one a reading, null where absent. `reader` stands at its item. */
function readColumn(reader, readingCount) {
  const item = reader.item(1);
  if (item === null) return new Array(readingCount).fill(null);
  const differences = Array.isArray(item) ? expectArray(item, "column", 2, readingCount) : [item];
  let last = null;
  const values = differences.map((difference) => {
    if (difference === null) return null;
    if (typeof difference !== "number") throw new Malformed("column: something else than integers and null");
    last = last === null ? difference : last + difference;
    if (Math.abs(last) > MAX_INT) throw new Malformed("column: a value beyond 2^53-1");
    return last;
  });
  if (last === null) throw new Malformed("column: an array without any integer");
  const integers = differences.filter((difference) => difference !== null).length;
  if (differences.at(-1) === 0 && integers > 1) throw new Malformed("column: ends in a difference of zero");
  while (values.length < readingCount) values.push(last);
  return values;
}

function checkTimeOffsets(values) {
  const rising = values.every((value, i) => value !== null && (i === 0 ? value === 0 : value >= values[i - 1]));
  if (!rising) throw new Malformed("time offsets: not all present, not 0 first, or falling");
}

/** Values of the shown columns by index, and the promise of the root they give. Throws `Malformed`, `BadProof`. */
function openDisclosure(disclosure, statement) {
  if (statement.recordType !== TELEMETRY) throw new Malformed("only telemetry has columns");
  const count = SCHEMAS[statement.schema].fields.length;
  return disclosure.seed ? openAll(disclosure, statement, count) : openSome(disclosure, statement, count);
}

function openAll({ seed, columns }, { readingCount }, count) {
  const reader = new CborReader(columns);
  const [major, length] = reader.head();
  if (major !== 4 || length !== count) throw new Malformed(`columns: not an array of the schema's ${count}`);
  const values = new Map();
  const leaves = [];
  for (let i = 0; i < count; i += 1) {
    const begin = reader.at;
    values.set(i, readColumn(reader, readingCount));
    const column = columns.subarray(begin, reader.at);
    const salt = sha256(seed, Uint8Array.of(i >> 8, i & 255));
    leaves.push(salt.then((digest) => leafHash(concat(digest.subarray(0, 16), column))));
  }
  reader.end();
  checkTimeOffsets(values.get(0));
  return { values, root: () => rootOfLeaves(leaves) };
}

function openSome({ nodes, shown }, { readingCount }, count) {
  if (shown.at(-1).index >= count) throw new Malformed(`a column beyond the schema's ${count}`);
  const values = new Map();
  for (const { index, column } of shown) {
    const reader = new CborReader(column);
    values.set(index, readColumn(reader, readingCount));
    reader.end();
  }
  if (values.has(0)) checkTimeOffsets(values.get(0));
  const root = () => {
    const leaves = shown.map(({ index, salt, column }) => [BigInt(index), leafHash(concat(salt, column))]);
    return rootOfMultiProof(leaves, BigInt(count), nodes);
  };
  return { values, root };
}

/** Step 7 for one entry: what it shows, by column index, or null. Throws `Invalid`. */
async function judgeDisclosure(entry, statement) {
  if (entry.disclosure === null) return null;
  const judge = new Judge(7, "malformed-disclosure", "bad-commitment", entry.index);
  if (!statement) throw judge.invalid("malformed-disclosure", "a registry event has no columns");
  const { values, root } = await judge.let(() => openDisclosure(entry.disclosure, statement));
  const committed = equalBytes(await judge.let(root), statement.commitment);
  if (!committed) throw judge.invalid("bad-commitment", "what is shown is not what the statement commits to");
  return values;
}
