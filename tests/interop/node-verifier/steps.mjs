// The numbered steps of docs/spec/verification.md, over a file's bytes and a trust file's content.

import { readBundle } from './bundle-file.mjs';
import { checkDisclosure } from './columns.mjs';
import { checkGaps, contradictions, gapsOf, inOrder } from './completeness.mjs';
import { isSigned, sign1 } from './cose.mjs';
import { base64Of, sha256 } from './encodings.mjs';
import { endorsement, isStatement, registryEvent, statement, TELEMETRY } from './entries.mjs';
import { checkConsistency, leafHash, multiProofRoot } from './merkle.mjs';
import { checkpointBody, cosignatureTime, isNoteSigned, ledgerBlock, signaturesOf, signedNote } from './note.mjs';
import { orRefuse, Refusal } from './refusal.mjs';
import { verdictOf } from './verdict.mjs';

const STEPS = [
  [1, stepRead],
  [2, stepDigest],
  [3, stepCheckpoint],
  [4, stepInclusion],
  [5, stepKeyHistory],
  [6, stepStatements],
  [7, stepDisclosure],
  [8, stepCompleteness],
  [9, stepAnchors],
];

function refuseUnless(condition, code, reason) {
  if (!condition) throw new Refusal(code, reason);
}

/**
 * Judge a bundle. Gives {result, step, code, reason} and, if it is not invalid, {verdict}; result is 'valid',
 * 'invalid' or 'could-not-check'. Reads nothing but its arguments.
 */
export function verify(file, trust) {
  const run = { file, trust, lacking: [] };
  for (const [step, check] of STEPS) {
    run.lack = (code, reason) => run.lacking.push({ step, code, reason });
    try {
      check(run);
    } catch (error) {
      if (error instanceof Refusal) return { result: 'invalid', step, code: error.code, reason: error.message };
      throw error;
    }
  }
  const lack = run.lacking[0];
  const verdict = verdictOf(run);
  if (lack) return { result: 'could-not-check', ...lack, verdict };
  return { result: 'valid', step: 10, code: null, reason: '', verdict };
}

function stepRead(run) {
  run.bundle = orRefuse('malformed-bundle', () => readBundle(run.file));
}

function stepDigest({ bundle }) {
  refuseUnless(sha256(bundle.digested).equals(bundle.digest), 'bad-digest', 'digest differs');
}

function stepCheckpoint(run) {
  const { bundle, trust } = run;
  run.checkpoint = judgedCheckpoint(bundle.checkpoint, run);
  const isKnown = trust.log.some((log) => log.origin === bundle.origin);
  if (!isKnown) run.lack('unknown-log', `no key for ${bundle.origin} in the trust file`);
}

/** {origin, size, root, witnesses} of a checkpoint of the bundle's log; its lines of known keys are all right. */
function judgedCheckpoint(text, { bundle, trust }) {
  const [note, body] = orRefuse('malformed-checkpoint', () => {
    const parsed = signedNote(Buffer.from(text, 'utf8'));
    return [parsed, checkpointBody(parsed.text)];
  });
  refuseUnless(body.origin === bundle.origin, 'foreign-checkpoint', `checkpoint of ${body.origin}`);
  const signers = trust.log.filter((log) => knownSignature(note, log, isNoteSigned) !== null);
  const witnesses = [];
  for (const witness of trust.witness) {
    const signature = knownSignature(note, witness, (...all) => cosignatureTime(...all) !== null);
    if (signature === null) continue;
    witnesses.push({ name: witness.name, seconds: cosignatureTime(note, witness, signature) });
  }
  const isOfOrigin = (log) => log.origin === bundle.origin;
  const signed = signers.some(isOfOrigin) || !trust.log.some(isOfOrigin);
  refuseUnless(signed, 'bad-checkpoint-signature', "no key trusted for this log's origin signed");
  return { ...body, witnesses };
}

/** The one right signature of a known key, or null if it has none; a wrong or a second one is refused. */
function knownSignature(note, key, isRight) {
  const signatures = signaturesOf(note, key);
  if (signatures.length === 0) return null;
  refuseUnless(signatures.length === 1, 'bad-checkpoint-signature', `two signatures of ${key.name}`);
  refuseUnless(isRight(note, key, signatures[0]), 'bad-checkpoint-signature', `wrong signature of ${key.name}`);
  return signatures[0];
}

function stepInclusion(run) {
  const { bundle, checkpoint } = run;
  const leaves = bundle.entries.map((entry) => [BigInt(entry.index), leafHash(entry.bytes)]);
  leaves.forEach(([index], i) => {
    refuseUnless(i === 0 || index > leaves[i - 1][0], 'bad-index', `index ${index} does not ascend`);
    refuseUnless(index < checkpoint.size, 'bad-index', `index ${index} is not below the tree size`);
  });
  const root = orRefuse('not-included', () => multiProofRoot(leaves, bundle.nodes, checkpoint.size));
  refuseUnless(root.equals(checkpoint.root), 'not-included', "entries and nodes do not give the checkpoint's root");
  if (bundle.newer !== null) run.newer = judgedNewer(bundle.newer, run);
}

function judgedNewer({ checkpoint, consistency }, run) {
  const newer = judgedCheckpoint(checkpoint, run);
  const path = consistency.map((node) => base64Of(32, node));
  orRefuse('inconsistent', () => checkConsistency(run.checkpoint, newer, path));
  return newer;
}

function stepKeyHistory(run) {
  run.keys = new Map();
  for (const { index, bytes } of run.bundle.entries) {
    if (isStatement(bytes)) continue;
    const event = orRefuse('malformed-entry', () => registryEvent(bytes));
    refuseUnless(event.ueid === run.bundle.claim.device, 'foreign-entry', `event ${index} is of another device`);
    if (event.type === 'revoke') revoke(run, index, event);
    else enrol(run, index, event);
  }
}

/** An enrolment; a rotation is one, too, that also ends a key by its own consent. */
function enrol(run, index, event) {
  const { origin } = run.bundle;
  const consent = event.type === 'rotate' ? orRefuse('malformed-entry', () => sign1(event.consent)) : null;
  const { message, request, notBeforeMs } = orRefuse('malformed-entry', () => endorsement(event.body));
  const requested = isSigned(request.message, request.key, 'voltseal/1 enrolment', origin);
  refuseUnless(requested, 'bad-endorsement', `request in event ${index} is not signed by its key`);
  refuseUnless(request.ueid === event.ueid, 'foreign-entry', `request in event ${index} is of another device`);
  const makers = run.trust.maker.filter((maker) => maker.kid === message.kid);
  const maker = makers.find((one) => isSigned(message, one, 'voltseal/1 endorsement', origin));
  if (makers.length === 0) run.lack('unknown-maker', `maker ${message.kid} is not in the trust file`);
  else refuseUnless(maker, 'bad-endorsement', `endorsement in event ${index} is not signed by its maker`);
  const { key, keyTier } = request;
  const old = consent ? run.keys.get(consent.kid) : null;
  const mayGiveWay = !consent || (old && !old.revoked && !old.rotated);
  refuseUnless(mayGiveWay, 'bad-key-history', `event ${index} is consented to by no active key`);
  refuseUnless(!run.keys.has(key.kid), 'bad-key-history', `key ${key.kid} is enrolled twice`);
  if (consent) {
    const agreed = consent.payload.equals(request.message.raw) && isSigned(consent, old.key, 'voltseal/1 rotation', origin);
    refuseUnless(agreed, 'bad-rotation', `event ${index} is not what the old key agreed to`);
    old.rotated = { index, fromMs: notBeforeMs };
  }
  run.keys.set(key.kid, { key, keyTier, enrolled: index, notBeforeMs, maker: maker?.name ?? null, revoked: null });
}

function revoke(run, index, { kid, effectiveMs }) {
  const history = run.keys.get(kid);
  refuseUnless(history && !history.revoked, 'bad-key-history', `event ${index} revokes no active key`);
  history.revoked = { index, effectiveMs };
}

function stepStatements(run) {
  run.statements = [];
  for (const entry of run.bundle.entries) {
    if (!isStatement(entry.bytes)) continue;
    const one = { ...entry, ...orRefuse('malformed-entry', () => statement(entry.bytes)) };
    checkKey(run, one);
    const { claim } = run.bundle;
    const foreign = one.ueid !== undefined && one.ueid !== claim.device;
    refuseUnless(!foreign, 'foreign-entry', `boot statement ${one.index} is of another device`);
    refuseUnless(isClaimed(one, claim), 'outside-claim', `number ${one.sequence} is outside the claim`);
    run.statements.push(one);
  }
  const seen = new Set();
  for (const { index, bytes } of run.statements) {
    const hash = sha256(bytes).toString('hex');
    refuseUnless(!seen.has(hash), 'duplicate-entry', `entry ${index} stands in the bundle twice`);
    seen.add(hash);
  }
}

function checkKey(run, one) {
  const history = run.keys.get(one.message.kid);
  refuseUnless(history, 'foreign-entry', `key of entry ${one.index} is not in the key history`);
  refuseUnless(one.index > history.enrolled, 'not-yet-valid-key', `entry ${one.index} is before its key's enrolment`);
  const signed = isSigned(one.message, history.key, 'voltseal/1 statement', run.bundle.origin);
  refuseUnless(signed, 'bad-signature', `entry ${one.index}`);
  const { revoked, rotated, notBeforeMs } = history;
  const timed = one.timeQuality >= 1;
  refuseUnless(!timed || one.timeMs >= notBeforeMs, 'not-yet-valid-key', `entry ${one.index} is too early for its key`);
  const succeeded = rotated && one.index > rotated.index && !(timed && one.timeMs < rotated.fromMs);
  refuseUnless(!succeeded, 'revoked-key', `entry ${one.index} is after its key's rotation`);
  if (!revoked) return;
  const past = timed ? one.timeMs >= revoked.effectiveMs : one.index > revoked.index;
  refuseUnless(!past, 'revoked-key', `entry ${one.index} is after its key's revocation`);
  one.timeAfterRevocation = one.index > revoked.index; // on the device's word alone: the verdict says so
}

function isClaimed(one, claim) {
  if (claim.ranges.some(([first, last]) => one.sequence >= first && one.sequence <= last)) return true;
  const gaps = claim.gaps.filter(([, , reason]) => reason !== 'unexplained');
  return one.lost.some(([first, last]) => gaps.some((gap) => first <= gap[1] && last >= gap[0]));
}

function stepDisclosure({ bundle, statements }) {
  const telemetry = new Map(); // by index
  for (const one of statements) if (one.recordType === TELEMETRY) telemetry.set(one.index, one);
  for (const { index, disclosure } of bundle.entries) {
    if (!disclosure) continue;
    refuseUnless(telemetry.has(index), 'malformed-disclosure', `entry ${index} has no columns`);
    checkDisclosure(telemetry.get(index), disclosure);
  }
}

function stepCompleteness(run) {
  const { claim } = run.bundle;
  run.ordered = inOrder(run.statements);
  run.contradictions = contradictions(run.ordered);
  run.gaps = gapsOf(run.ordered, claim.ranges);
  checkGaps(run.gaps, claim.gaps);
}

function stepAnchors(run) {
  run.anchors = run.bundle.anchors.map((anchor) => {
    const { backend, strength } = anchor;
    if (backend !== 'ledger') return { backend, strength, status: 'not-checked' };
    refuseUnless(strength === 'weak', 'wrong-strength', `ledger shown as ${strength}`);
    const block = orRefuse('bad-anchor', () => ledgerBlock(Buffer.from(anchor.proof, 'utf8')));
    const { origin, size, root } = run.checkpoint;
    const same = block.origin === origin && block.size === size && block.root.equals(root);
    refuseUnless(same, 'bad-anchor', 'anchor is of another checkpoint');
    const key = run.trust.ledger.find((one) => signaturesOf(block.note, one).length === 1);
    const signed = !key || isNoteSigned(block.note, key, block.note.signatures[0]);
    refuseUnless(signed, 'bad-anchor', 'anchor is not signed by its ledger');
    return key
      ? { backend, strength, status: 'verified', ledger: key.name, time_ms: block.timeMs }
      : { backend, strength, status: 'not-checked' };
  });
}
