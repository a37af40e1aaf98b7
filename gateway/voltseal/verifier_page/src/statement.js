// Statements: telemetry, boot and loss (docs/spec/statement.md, boot.md).

const MAX_STATEMENT_BYTES = 1_536;
const MAX_READINGS = 256;
const MAX_BOOT_COUNT = 2 ** 32 - 1;
const TELEMETRY = 1;
const BOOT = 2;
const LOSS = 3;
const TIME_QUALITIES = ["none", "rtc", "ntp", "gnss", "challenged"];
const KEY_TIERS = [null, "software", "protected", "secure-element"];
const BOOT_LABELS = [256, 259, 267, 268, 270, 271, -70001, -70002, -70003, -70004, -70005, -70006];
const NONCE_LABEL = 10;

/** The statement in `raw`, well-formed and of a kind that this page knows; nothing verified. */
async function parseStatement(raw) {
  if (raw.length > MAX_STATEMENT_BYTES) throw new Malformed("statement: longer than 1,536 bytes");
  const sign1 = parseSign1(raw);
  const items = expectArray(decodeCbor(sign1.payload), "payload", 9, 10);
  const statement = {
    raw,
    sign1,
    kid: sign1.kid,
    digest: hex(await sha256(raw)),
    recordType: expectUint(items[0], "record_type", TELEMETRY, LOSS),
    schema: expectUint(items[1], "schema", 1, 65_535),
    bootCount: expectUint(items[2], "boot_count", 1, MAX_BOOT_COUNT),
    sequence: expectUint(items[3], "sequence", 0, MAX_SEQUENCE),
    timeMs: expectUint(items[4], "time_ms"),
    timeQuality: expectUint(items[5], "time_quality", 0, TIME_QUALITIES.length - 1),
    uncertaintyMs: expectUint(items[6], "time_uncertainty_ms"),
    prev: hex(expectBytes(items[7], "prev", 32)),
    lost: [],
  };
  if (statement.timeQuality === 0 && statement.uncertaintyMs !== 0) {
    throw new Malformed("time_uncertainty_ms is not 0, but the time is not known");
  }
  readStatementBody(statement, items);
  return statement;
}

/** The elements from 8 on. */
function readStatementBody(statement, items) {
  if (statement.recordType === TELEMETRY) {
    if (items.length !== 10) throw new Malformed("telemetry has 10 elements");
    if (!Object.hasOwn(SCHEMAS, statement.schema)) throw new Malformed(`schema ${statement.schema} is not known here`);
    statement.readingCount = expectUint(items[8], "reading_count", 1, MAX_READINGS);
    statement.commitment = expectBytes(items[9], "commitment", 32);
    return;
  }
  if (items.length !== 9 || statement.schema !== 1) {
    throw new Malformed("boot and loss statements have 9 elements, and schema 1");
  }
  if (statement.recordType === LOSS) {
    statement.lost = readLostRanges(items[8], statement.sequence, 1);
  } else {
    statement.boot = readBootClaims(items[8], statement);
    statement.lost = statement.boot.lost;
  }
}

/** The claims of a boot statement: exactly the specified labels. */
function readBootClaims(map, { bootCount, sequence }) {
  if (!(map instanceof Map)) throw new Malformed("boot claims are not a map");
  const labels = map.has(NONCE_LABEL) ? [NONCE_LABEL, ...BOOT_LABELS] : BOOT_LABELS;
  if (map.size !== labels.length || !labels.every((label) => map.has(label))) {
    throw new Malformed("boot claims are not exactly the specified labels");
  }
  if (map.has(NONCE_LABEL)) expectBytes(map.get(NONCE_LABEL), "nonce", 8, 64);
  expectBytes(map.get(259), "hwmodel", 1, 32);
  if (map.get(267) !== bootCount) throw new Malformed("bootcount differs from boot_count");
  expectBytes(map.get(268), "bootseed", 32);
  expectUint(map.get(-70002), "reset_cause", 0, 6);
  expectUint(map.get(-70003), "key_tier", 1, 3);
  expectUint(map.get(-70005), "cadence_ms", 1);
  expectCompressedPoint(map.get(-70006), "receipt_key");
  return {
    ueid: expectUeid(map.get(256)),
    swname: expectText(map.get(270), "swname"),
    swversion: expectText(expectArray(map.get(271), "swversion", 1)[0], "swversion"),
    measurement: hex(expectBytes(map.get(-70001), "measurement", 32)),
    lost: readLostRanges(map.get(-70004), sequence, 0),
  };
}

/** `[first, last, reason name]`s: ascending, disjoint, below the statement's own number. */
function readLostRanges(item, sequence, fewest) {
  let lowest = 0;
  return expectArray(item, "lost", fewest, 32).map((element) => {
    const [first, last, reason] = expectArray(element, "lost range", 3);
    expectUint(first, "first of a lost range", lowest, MAX_SEQUENCE);
    expectUint(last, "last of a lost range", first, sequence - 1);
    lowest = last + 1;
    return [first, last, GAP_REASONS[expectUint(reason, "reason of a lost range", 1, 3) - 1]];
  });
}
