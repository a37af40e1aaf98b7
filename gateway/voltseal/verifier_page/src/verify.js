// The numbered steps of docs/spec/verification.md, in order. No page, no words: bytes in, findings out.

const STEPS = [
  [1, "read", stepRead],
  [2, "digest", stepDigest],
  [3, "checkpoint", stepCheckpoint],
  [4, "inclusion", stepInclusion],
  [5, "key-history", stepKeyHistory],
  [6, "statements", stepStatements],
  [7, "disclosure", stepDisclosure],
  [8, "completeness", stepCompleteness],
  [9, "anchors", stepAnchors],
];
const STATEMENT_BYTE = 0xd2;
const BATCH = 128; // entries judged at a time: WebCrypto works on them side by side, and the page stays responsive

/** The bundle contradicts itself or the trust file. `entry` is the leaf index at fault, where there is one. */
class Invalid extends Error {
  constructor(step, code, detail, entry = null) {
    super(detail);
    Object.assign(this, { step, code, entry });
  }
}

/** Gives what goes wrong while judging its step and code: `malformed` for form, `wrong` for signatures and proofs. */
class Judge {
  constructor(step, malformed, wrong, entry = null) {
    Object.assign(this, { step, malformed, wrong, entry });
  }

  invalid(code, detail) {
    return new Invalid(this.step, code, detail, this.entry);
  }

  async let(run) {
    try {
      return await run();
    } catch (error) {
      if (error instanceof Malformed) throw this.invalid(this.malformed, error.message);
      if (error instanceof BadSignature || error instanceof BadProof) throw this.invalid(this.wrong, error.message);
      throw error;
    }
  }
}

/**
 * Verify a bundle's file (Uint8Array) with a trust file's text (null: none). Resolves always, to
 * `{result, step, code, detail, entry, steps, verdict, view}`: `result` is valid, invalid or could-not-check; `verdict`
 * is there if valid, with the members of `voltseal verify --json`; `view` holds what the page draws.
 */
async function verifyBundle(file, trustText, onProgress = () => {}) {
  const outcome = { result: "could-not-check", step: 0, code: null, detail: "", entry: null, steps: [], verdict: null };
  const run = { file, lacking: [], onProgress };
  try {
    subtleCrypto();
    run.trust = trustText === null ? emptyTrust() : await parseTrust(trustText);
    await runSteps(run, outcome);
  } catch (error) {
    return Object.assign(outcome, failureOf(error));
  }
  if (run.lacking.length > 0) return Object.assign(outcome, run.lacking[0]);
  return Object.assign(outcome, { result: "valid", step: null, verdict: verdictOf(run), view: viewOf(run) });
}

async function runSteps(run, outcome) {
  for (const [number, name, check] of STEPS) {
    const lackedBefore = run.lacking.length;
    const step = { step: number, name, status: "failed", code: null };
    outcome.steps.push(step);
    try {
      await check(run);
    } catch (error) {
      step.code = failureOf(error).code;
      if (!(error instanceof Invalid)) step.status = "could-not-check";
      throw error;
    }
    const lacking = run.lacking[lackedBefore];
    step.status = lacking ? "could-not-check" : "ok";
    step.code = lacking ? lacking.code : null;
  }
}

/** How a run ends that throws. What is no finding is a fault of this page, and is said so: it proves nothing. */
function failureOf(error) {
  if (error instanceof Invalid) {
    return { result: "invalid", step: error.step, code: error.code, detail: error.message, entry: error.entry };
  }
  const codes = [[TrustFileError, "bad-trust-file"], [TooLarge, "too-large"], [Unsupported, "unsupported-browser"]];
  const [, code] = codes.find(([kind]) => error instanceof kind) ?? [null, "internal-error"];
  return { result: "could-not-check", step: 0, code, detail: error.message };
}

/** The form of all lines and members. */
async function stepRead(run) {
  const judge = new Judge(1, "malformed-bundle", "malformed-bundle");
  run.text = await judge.let(() => bundleText(run.file));
  run.bundle = await judge.let(() => parseBundle(run.text));
}

async function stepDigest(run) {
  const { digest, digestedBytes } = run.bundle;
  run.digest = await sha256(run.text.subarray(0, digestedBytes));
  if (!equalBytes(run.digest, digest)) throw new Invalid(2, "bad-digest", "the lines do not have the digest stated");
}

/** The checkpoint is this log's, and all its signatures by known keys verify. */
async function stepCheckpoint(run) {
  const { origin, checkpoint } = run.bundle;
  Object.assign(run, await judgeCheckpoint(checkpoint, run, 3));
  if (run.trust.log.every((log) => log.origin !== origin)) {
    run.lacking.push({ step: 3, code: "unknown-log", detail: `the trust file lists no log ${origin}` });
  }
}

/** A signed note that must be a checkpoint of the bundle's log: `{checkpoint, logLine, cosignatures}`. */
async function judgeCheckpoint(raw, { bundle, trust, lacking }, step) {
  const judge = new Judge(step, "malformed-checkpoint", "bad-checkpoint-signature");
  const note = await judge.let(() => parseNote(raw));
  const checkpoint = await judge.let(() => parseCheckpoint(note.text));
  if (checkpoint.origin !== bundle.origin) throw judge.invalid("foreign-checkpoint", "the checkpoint is of another log");
  const logKeys = trust.log.filter((log) => log.origin === bundle.origin).map((log) => log.key.id);
  const keys = new Map([...trust.log, ...trust.witness].map(({ key }) => [key.id, key]));
  const known = note.signatures.filter(({ id }) => keys.has(id));
  if (new Set(known.map(({ id }) => id)).size < known.length) throw judge.invalid(judge.wrong, "one key has two lines");
  try {
    for (const line of known) await judge.let(() => verifySignatureLine(line, keys.get(line.id), note.text));
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    lacking.push({ step, code: "unsupported-browser", detail: error.message });
  }
  const logLine = known.find(({ id }) => logKeys.includes(id));
  if (logKeys.length > 0 && !logLine) {
    throw judge.invalid(judge.wrong, `no signature by a key that is trusted for log ${bundle.origin}`);
  }
  return { checkpoint, logLine, cosignatures: known.filter(({ timeS }) => timeS !== undefined) };
}

/** The checkpoint's tree holds exactly these entries. */
async function stepInclusion(run) {
  const { bundle, checkpoint } = run;
  const { entries, inclusion, newer } = bundle;
  const judge = new Judge(4, "not-included", "not-included");
  const ascending = entries.every(({ index }, i) => i === 0 || index > entries[i - 1].index);
  if (!ascending || BigInt(entries.at(-1).index) >= checkpoint.treeSize) {
    throw judge.invalid("bad-index", `indexes do not ascend, or reach beyond the tree of ${checkpoint.treeSize}`);
  }
  const leaves = entries.map(({ index, raw }) => [BigInt(index), leafHash(raw)]);
  const root = await judge.let(() => rootOfMultiProof(leaves, checkpoint.treeSize, inclusion));
  if (!equalBytes(root, checkpoint.root)) throw judge.invalid("not-included", "entries and proof give another root");
  if (newer === null) return;
  run.newer = await judgeCheckpoint(newer.checkpoint, run, 4);
  const newerJudge = new Judge(4, "inconsistent", "inconsistent");
  await newerJudge.let(() => verifyConsistency(checkpoint, run.newer.checkpoint, newer.consistency));
}

/** The device's keys, each endorsed by a maker that is believed. */
async function stepKeyHistory(run) {
  run.periods = new Map();
  for (const entry of run.bundle.entries) {
    if (entry.raw[0] === STATEMENT_BYTE) continue;
    const unknownMaker = await judgeEvent(entry, run.bundle, run.trust, run.periods);
    if (unknownMaker === null) continue;
    const detail = `the trust file has no maker with key ${unknownMaker}`;
    run.lacking.push({ step: 5, code: "unknown-maker", detail, entry: entry.index });
  }
}

/** Judge in batches, side by side, but end with the first fault in the entries' order. */
async function inBatches(items, judge, onProgress) {
  const results = [];
  for (let i = 0; i < items.length; i += BATCH) {
    const settled = await Promise.allSettled(items.slice(i, i + BATCH).map(judge));
    for (const { status, value, reason } of settled) {
      if (status === "rejected") throw reason;
      results.push(value);
    }
    onProgress(results.length, items.length);
  }
  return results;
}

/** Every statement is the device's, signed, and of the claim; none stands twice. */
async function stepStatements(run) {
  const entries = run.bundle.entries.filter(({ raw }) => raw[0] === STATEMENT_BYTE);
  run.statements = await inBatches(entries, (entry) => judgeStatement(entry, run), run.onProgress);
  const seen = new Set();
  for (const { digest, index } of run.statements) {
    if (seen.has(digest)) throw new Invalid(6, "duplicate-entry", "the same statement as an earlier entry", index);
    seen.add(digest);
  }
}

async function judgeStatement(entry, { bundle, periods }) {
  const { claim, origin } = bundle;
  const judge = new Judge(6, "malformed-entry", "bad-signature", entry.index);
  const statement = await judge.let(() => parseStatement(entry.raw));
  const period = periods.get(statement.kid);
  if (!period) throw judge.invalid("foreign-entry", `its key ${statement.kid} is not one of the device's`);
  if (entry.index <= period.index) throw judge.invalid("not-yet-valid-key", "logged before its key was enrolled");
  await judge.let(() => verifySign1(statement.sign1, period.request.key, "statement", origin));
  checkKeyTime(statement, period, judge);
  if (statement.boot && statement.boot.ueid !== claim.device) {
    throw judge.invalid("foreign-entry", "a boot statement that names another device");
  }
  if (!isClaimed(claim, statement.sequence) && !declaresGapOf(claim, statement)) {
    throw judge.invalid("outside-claim", `statement ${statement.sequence} is not of the claim`);
  }
  return Object.assign(statement, { index: entry.index, entry, period });
}

/** "Key validity in step 6". */
function checkKeyTime({ timeQuality, timeMs }, { endorsement, revocation, rotation }, judge) {
  const known = timeQuality > 0;
  if (known && timeMs < endorsement.notBeforeMs) {
    throw judge.invalid("not-yet-valid-key", "the statement's time is before its key's first day");
  }
  if (rotation && judge.entry > rotation.index && !(known && timeMs < rotation.fromMs)) {
    throw judge.invalid("revoked-key", `the key has given way to ${rotation.successor}`);
  }
  if (!revocation) return;
  const late = known ? timeMs >= revocation.effectiveMs : judge.entry > revocation.index;
  if (late) throw judge.invalid("revoked-key", `the key was revoked: ${revocation.reason}`);
}

/** What is shown is what was committed to. Leaves the opened values with each statement. */
async function stepDisclosure(run) {
  const byIndex = new Map(run.statements.map((statement) => [statement.index, statement]));
  const judgeOne = async (entry) => {
    const statement = byIndex.get(entry.index);
    const values = await judgeDisclosure(entry, statement);
    if (statement) statement.values = values;
  };
  await inBatches(run.bundle.entries, judgeOne, run.onProgress);
}

async function stepCompleteness(run) {
  run.completeness = judgeCompleteness(run.statements, run.bundle.claim);
}

async function stepAnchors(run) {
  run.anchors = [];
  for (const anchor of run.bundle.anchors) run.anchors.push(await judgeAnchor(anchor, run));
}

/** One anchor; what the trust file does not know is `not-checked`, and does not count. */
async function judgeAnchor({ backend, strength, proof }, { checkpoint, trust }) {
  const finding = { backend, strength, status: "not-checked", key: null, time_ms: null };
  if (backend !== "ledger") return finding;
  const judge = new Judge(9, "bad-anchor", "bad-anchor");
  if (strength !== "weak") throw judge.invalid("wrong-strength", "an anchor in a ledger is weak");
  const block = await judge.let(() => parseLedgerBlock(proof));
  const sameTree = block.treeSize === checkpoint.treeSize && equalBytes(block.root, checkpoint.root);
  const sameLog = block.origin === checkpoint.origin;
  if (!sameLog || !sameTree) throw judge.invalid("bad-anchor", "it anchors another checkpoint");
  const [line] = block.note.signatures;
  finding.key = line.name;
  const ledger = trust.ledger.find(({ key }) => key.id === line.id);
  if (!ledger) return finding;
  try {
    await judge.let(() => verifySignatureLine(line, ledger.key, block.note.text));
  } catch (error) {
    if (error instanceof Unsupported) return finding;
    throw error;
  }
  return { ...finding, status: "verified", time_ms: block.timeMs };
}
