// Signed notes and what they carry: checkpoints and ledger blocks (docs/spec/log.md).

const MAX_NOTE_BYTES = 262_144;
const MAX_SIGNATURE_LINES = 64;
const MAX_TREE_SIZE = 2n ** 63n - 1n;
const MAX_BLOCK_BYTES = 2_048;
const LEDGER_HEADER = "voltseal-ledger/1";
const NO_PREVIOUS_BLOCK = base64Text(new Uint8Array(32));

/** Text and signature lines, nothing verified. `id` of a line: name and key ID. */
function parseNote(raw) {
  if (utf8(raw).length > MAX_NOTE_BYTES) throw new Malformed("note: longer than 262,144 bytes");
  if (!raw.endsWith("\n")) throw new Malformed("note: does not end in a line feed");
  const blank = raw.lastIndexOf("\n\n");
  const lines = raw.slice(blank + 2).split("\n").slice(0, -1);
  if (blank < 0 || lines.length === 0) throw new Malformed("note: no blank line followed by signatures");
  if (lines.length > MAX_SIGNATURE_LINES) throw new Malformed("note: more than 64 signatures");
  return { text: raw.slice(0, blank + 1), signatures: lines.map(parseSignatureLine) };
}

function parseSignatureLine(line) {
  const [, name, encoded] = /^\u2014 ([^ ]*) ([^ ]*)$/.exec(line) ?? [];
  if (name === undefined) throw new Malformed("note: not a signature line");
  checkKeyName(name);
  const bytes = expectBytes(base64Bytes(encoded, "signature line"), "signature line", 5, MAX_INT);
  const keyId = hex(bytes.subarray(0, 4));
  return { name, id: `${name}+${keyId}`, signature: bytes.subarray(4) };
}

/** Return if the line is the key's over the text; throws `BadSignature`. A cosignature's time is left in `timeS`. */
async function verifySignatureLine(line, key, text) {
  if (key.type === ED25519_TYPE) return verifyEd25519(key.publicKey, line.signature, utf8(text));
  if (line.signature.length !== 72) throw new BadSignature("a cosignature is 72 bytes");
  const timeS = bigEndian(line.signature.subarray(0, 8));
  if (timeS > MAX_TREE_SIZE) throw new BadSignature("a cosignature's time is beyond 2^63-1");
  const message = utf8(`cosignature/v1\ntime ${timeS}\n${text}`);
  await verifyEd25519(key.publicKey, line.signature.subarray(8), message);
  line.timeS = timeS;
  return undefined;
}

/** A decimal number without sign or leading zeros, as BigInt. */
function parseDecimal(text, maximum, name) {
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(text) || BigInt(text) > maximum) throw new Malformed(`${name}: not a number`);
  return BigInt(text);
}

/** Origin, size and root; extension lines are allowed and mean nothing here. */
function parseCheckpoint(text) {
  const lines = text.split("\n");
  if (lines.length < 4 || lines.pop() !== "") throw new Malformed("checkpoint: fewer than three lines");
  if (lines.some((line) => line === "")) throw new Malformed("checkpoint: an empty line");
  const [origin, size, root] = lines;
  if (utf8(origin).length > 255) throw new Malformed("checkpoint: origin too long");
  const treeSize = parseDecimal(size, MAX_TREE_SIZE, "checkpoint: tree size");
  return { origin, treeSize, root: expectBytes(base64Bytes(root, "root hash"), "root hash", 32) };
}

/** A block of the embedded ledger: exactly one signature, seven lines. */
function parseLedgerBlock(raw) {
  if (utf8(raw).length > MAX_BLOCK_BYTES) throw new Malformed("ledger block: longer than 2,048 bytes");
  const note = parseNote(raw);
  if (note.signatures.length !== 1) throw new Malformed("ledger block: not exactly one signature");
  const lines = note.text.split("\n");
  if (lines.length !== 8 || lines[0] !== LEDGER_HEADER || lines[7] !== "") {
    throw new Malformed("ledger block: not its seven lines");
  }
  const [, height, previous, time, origin, size, root] = lines;
  if (origin === "" || origin === LEDGER_HEADER) throw new Malformed("ledger block: no log's name");
  expectBytes(base64Bytes(previous, "previous block"), "previous block", 32);
  const first = parseDecimal(height, MAX_TREE_SIZE, "height") === 0n;
  if (first !== (previous === NO_PREVIOUS_BLOCK)) throw new Malformed("ledger block: only the first follows no block");
  return {
    note,
    timeMs: Number(parseDecimal(time, BigInt(MAX_INT), "time_ms")),
    origin,
    treeSize: parseDecimal(size, MAX_TREE_SIZE, "tree size"),
    root: expectBytes(base64Bytes(root, "root hash"), "root hash", 32),
  };
}
