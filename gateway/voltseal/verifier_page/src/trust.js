// The trust file (docs/spec/verification.md, "Trust file"): a strict parser of the TOML that such a file needs.
//
// Tables in double brackets, and members whose value is one string on one line. What else TOML has (other types,
// several lines, dotted names) a trust file never needs; it is refused by line, never passed over.

const TRUST_FORMAT = "voltseal-trust/1";
const MAX_TRUST_BYTES = 2 ** 20;
const TRUST_MEMBERS = {
  log: ["origin", "key"],
  maker: ["name", "key"],
  ledger: ["key"],
  evm: ["contract", "blocks"],
  witness: ["key"],
  firmware: ["name", "measurement", "status"],
};
const TOML_ESCAPES = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", '"': '"', "\\": "\\" };
const ED25519_TYPE = 0x01;
const COSIGNATURE_TYPE = 0x04;

/** The trust file cannot be used. The message names line, or table and member. */
class TrustFileError extends Error {}

/** Nobody is believed: what is left is to find damage. */
function emptyTrust() {
  return { log: [], maker: [], ledger: [], evm: [], witness: [], firmware: [] };
}

/** All that the text says, keys parsed. Throws `TrustFileError`; `Unsupported` without WebCrypto. */
async function parseTrust(text) {
  if (text.length > MAX_TRUST_BYTES) throw new TrustFileError("longer than 1 MiB: this is no trust file");
  const { format, tables } = parseTrustTables(text);
  if (format !== TRUST_FORMAT) throw new TrustFileError(`must say format = "${TRUST_FORMAT}" before its first table`);
  const trust = emptyTrust();
  for (const { table, members } of tables) {
    const where = `[[${table}]] ${trust[table].length + 1}`;
    for (const name of TRUST_MEMBERS[table]) {
      if (!members.has(name)) throw new TrustFileError(`${where}: ${name} is missing`);
    }
    const row = await readTrustRow(table, Object.fromEntries(members), where);
    if (trust[table].some((other) => other.identity === row.identity)) {
      throw new TrustFileError(`${where}: the same key or measurement stands twice`);
    }
    trust[table].push(row);
  }
  return trust;
}

function parseTrustTables(text) {
  const tables = [];
  let format = null;
  text.split(/\r?\n/).forEach((line, i) => {
    const where = `line ${i + 1}`;
    if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(line)) throw new TrustFileError(`${where}: a control character`);
    if (/^[ \t]*(#.*)?$/.test(line)) return;
    const heading = /^[ \t]*\[\[[ \t]*([A-Za-z0-9_-]+)[ \t]*\]\][ \t]*(#.*)?$/.exec(line);
    if (heading) {
      const table = heading[1];
      if (!Object.hasOwn(TRUST_MEMBERS, table)) throw new TrustFileError(`${where}: unknown table ${table}`);
      tables.push({ table, members: new Map() });
      return;
    }
    const [name, value] = parseTrustMember(line, where);
    const current = tables.at(-1);
    if (!current) {
      if (name !== "format" || format !== null) throw new TrustFileError(`${where}: unknown member ${name}`);
      format = value;
    } else if (!TRUST_MEMBERS[current.table].includes(name) || current.members.has(name)) {
      throw new TrustFileError(`${where}: [[${current.table}]] has no member ${name}, or has it already`);
    } else {
      current.members.set(name, value);
    }
  });
  return { format, tables };
}

/** `name = "text"` or `name = 'text'`. */
function parseTrustMember(line, where) {
  const member = /^[ \t]*([A-Za-z0-9_-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)')[ \t]*(?:#.*)?$/.exec(line);
  if (!member) throw new TrustFileError(`${where}: neither [[table]] nor name = "text"`);
  const [, name, basic, literal] = member;
  return [name, literal ?? unescapeToml(basic, where)];
}

function unescapeToml(text, where) {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/gu, (_, four, eight, one) => {
    if (one !== undefined) {
      if (!Object.hasOwn(TOML_ESCAPES, one)) throw new TrustFileError(`${where}: unknown escape \\${one}`);
      return TOML_ESCAPES[one];
    }
    const code = parseInt(four ?? eight, 16);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new TrustFileError(`${where}: no such character`);
    return String.fromCodePoint(code);
  });
}

/** One row, its keys parsed. `identity`: what no two rows of a table may share. */
async function readTrustRow(table, row, where) {
  try {
    if (table === "firmware") return readFirmwareRow(row);
    if (table === "evm") return readEvmRow(row);
    if (table === "maker") {
      const key = await publicKeyOf(base64Bytes(row.key, "key"));
      return { name: row.name, key, identity: key.kid };
    }
    const key = await parseVerifierKey(row.key, table === "witness" ? COSIGNATURE_TYPE : ED25519_TYPE);
    if (table === "log" && !ORIGIN_FORM.test(row.origin)) throw new Malformed("origin: not a log's name");
    if (table === "log" && key.name !== row.origin) throw new Malformed("key: a log's key bears the log's origin");
    return { origin: row.origin, key, identity: key.id };
  } catch (error) {
    if (error instanceof Malformed) throw new TrustFileError(`${where}: ${error.message}`);
    throw error;
  }
}

/** Read as strictly as the rest, and used for nothing: this verifier reports anchors on chains as not checked. */
function readEvmRow({ contract, blocks }) {
  if (!/^(0|[1-9][0-9]{0,18})\/0x[0-9a-f]{40}$/.test(contract)) throw new Malformed("contract: not chain id/address");
  if (!/^(0x[0-9a-f]{64}( 0x[0-9a-f]{64})*)?$/.test(blocks)) throw new Malformed("blocks: not hashes of blocks");
  return { contract, identity: contract };
}

function readFirmwareRow({ name, measurement, status }) {
  if (!/^[0-9a-f]{64}$/.test(measurement)) throw new Malformed("measurement: not 64 lower-case hexadecimal digits");
  if (status !== "known" && status !== "revoked") throw new Malformed('status: neither "known" nor "revoked"');
  return { name, measurement, status, identity: measurement };
}

/** A C2SP verifier key, `name+key ID+base64(type || key)`. `id` is name and key ID, as signature lines have them. */
async function parseVerifierKey(text, type) {
  const [, name, keyId, encoded] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new Malformed("key: not a verifier key, name+key ID+base64");
  checkKeyName(name);
  const material = expectBytes(base64Bytes(encoded, "key"), "key", 33);
  if (material[0] !== type) throw new Malformed(`key: not of signature type ${type}`);
  const digest = await sha256(utf8(`${name}\n`), material);
  if (hex(digest.subarray(0, 4)) !== keyId) throw new Malformed("key: the key ID does not belong to the key");
  return { name, keyId, id: `${name}+${keyId}`, type, publicKey: material.subarray(1) };
}

function checkKeyName(name) {
  if (name === "" || /[\s\u0085\u0000-\u001f+]/u.test(name) || utf8(name).length > 255) {
    throw new Malformed("key name: empty, too long, or with a space or '+'");
  }
}
