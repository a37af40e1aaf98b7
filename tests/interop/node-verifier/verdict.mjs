// Step 10: what the checks that passed say together (docs/spec/verification.md, "Verdict").

import { BOOT, SCHEMA_COLUMNS, TELEMETRY } from './entries.mjs';

/** The verdict of a run whose steps 1 to 9 passed; plain values only, ready for JSON. */
export function verdictOf(run) {
  const { origin, size, root, witnesses } = run.checkpoint;
  const { ranges, device } = run.bundle.claim;
  const isClaimed = ({ sequence }) => ranges.some(([first, last]) => first <= sequence && sequence <= last);
  const claimed = run.ordered.filter(isClaimed);
  const bound = notAfter(run);
  return {
    device,
    keys: keys(run),
    included: { origin, tree_size: String(size), root_hash: root.toString('base64') },
    newer: run.newer ? newerTree(run.newer) : null,
    statements: claimed.length,
    completeness: completeness(run),
    gaps: run.gaps,
    conflicts: run.contradictions.map(({ about, first, second }) => ({
      about,
      indexes: [first.index, second.index],
      sequences: [first.sequence, second.sequence],
    })),
    anchors: run.anchors,
    witnesses: namedTimes(witnesses),
    not_after_ms: bound === null ? null : String(bound), // text: a witness may name any second below 2^63
    device_times: deviceTimes(claimed),
    disagreement: bound !== null && run.ordered.some((one) => isLaterThan(one, bound)),
    firmware: firmware(run),
    disclosed: disclosed(run.bundle, claimed),
  };
}

function namedTimes(witnesses) {
  return witnesses.map(({ name, seconds }) => ({ name, time_s: String(seconds) }));
}

function newerTree({ size, root, witnesses }) {
  return { tree_size: String(size), root_hash: root.toString('base64'), witnesses: namedTimes(witnesses) };
}

/** The keys that spoke, in order of enrolment; of their statements, how many were logged after the key's revocation. */
function keys({ keys: history, ordered }) {
  const rows = [...history].map(([kid, { maker, keyTier }]) => {
    const own = ordered.filter((one) => one.message.kid === kid);
    const late = own.filter((one) => one.timeAfterRevocation).length;
    return { kid, maker, key_tier: keyTier, statements: own.length, logged_after_revocation: late };
  });
  return rows.filter((row) => row.statements > 0);
}

function completeness({ gaps, contradictions }) {
  if (contradictions.length > 0) return 'equivocation';
  if (gaps.some(([, , reason]) => reason === 'unexplained')) return 'gap-unexplained';
  return gaps.length > 0 ? 'gap-declared' : 'complete';
}

/** Earliest time (ms, BigInt) on a trusted anchor's or witness's word, or null. A witness's second lasts to its end. */
function notAfter({ anchors, checkpoint }) {
  const times = [
    ...anchors.filter((anchor) => anchor.status === 'verified').map((anchor) => BigInt(anchor.time_ms)),
    ...checkpoint.witnesses.map((witness) => witness.seconds * 1000n + 999n),
  ];
  return times.length > 0 ? times.reduce((a, b) => (b < a ? b : a)) : null;
}

function isLaterThan(one, bound) {
  return one.timeQuality >= 1 && BigInt(one.timeMs - one.timeUncertaintyMs) > bound;
}

function deviceTimes(statements) {
  return statements.map((one) => ({
    sequence: one.sequence,
    time_ms: one.timeMs,
    quality: one.timeQuality,
    uncertainty_ms: one.timeUncertaintyMs,
  }));
}

function firmware({ ordered, trust }) {
  const measurements = new Set(ordered.filter((one) => one.recordType === BOOT).map((one) => one.measurement));
  return [...measurements].map((measurement) => {
    const row = trust.firmware.find((one) => one.measurement === measurement);
    return { measurement, name: row?.name ?? null, status: row?.status ?? 'unknown' };
  });
}

/** How many telemetry statements show all, some or none of their columns; which columns any of them shows. */
function disclosed({ entries }, claimed) {
  const byIndex = new Map(entries.map(({ index, disclosure }) => [index, disclosure]));
  const count = { all: 0, some: 0, none: 0 };
  const columns = new Set();
  for (const one of claimed.filter(({ recordType }) => recordType === TELEMETRY)) {
    const disclosure = byIndex.get(one.index);
    count[disclosure === null ? 'none' : disclosure.seed ? 'all' : 'some'] += 1;
    if (disclosure?.seed) for (let i = 0; i < SCHEMA_COLUMNS.get(one.schema); i++) columns.add(i);
    for (const { index } of disclosure?.shown ?? []) columns.add(index);
  }
  return { ...count, columns: [...columns].sort((a, b) => a - b) };
}
