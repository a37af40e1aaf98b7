// Step 8 (docs/spec/verification.md): numbers that are missing and why, and what contradicts itself.

import { sha256 } from './encodings.mjs';
import { Refusal } from './refusal.mjs';

/** Statements in order of sequence number, then index. */
export function inOrder(statements) {
  return [...statements].sort((a, b) => a.sequence - b.sequence || a.index - b.index);
}

/** The gaps [first, last, reason] that the `ordered` statements leave in `ranges`. Not number by number: gaps are vast. */
export function gapsOf(ordered, ranges) {
  let open = missingRuns(ordered, ranges);
  const explained = [];
  for (const [first, last, reason] of ordered.flatMap((statement) => statement.lost)) {
    open = cutOut(open, first, last, (from, to) => explained.push([from, to, reason]));
  }
  const all = [...explained, ...open.map(([first, last]) => [first, last, 'unexplained'])];
  return joined(all.sort((a, b) => a[0] - b[0]));
}

function missingRuns(ordered, ranges) {
  const runs = [];
  let at = 0;
  for (const [first, last] of ranges) {
    let next = first;
    while (at < ordered.length && ordered[at].sequence < first) at++;
    for (; at < ordered.length && ordered[at].sequence <= last; at++) {
      if (ordered[at].sequence > next) runs.push([next, ordered[at].sequence - 1]);
      next = ordered[at].sequence + 1;
    }
    if (next <= last) runs.push([next, last]);
  }
  return runs;
}

/** `runs` without first..last; each part that is taken out goes to `taken`. */
function cutOut(runs, first, last, taken) {
  if (!runs.some((run) => run[0] <= last && run[1] >= first)) return runs;
  return runs.flatMap((run) => {
    if (run[0] > last || run[1] < first) return [run];
    taken(Math.max(run[0], first), Math.min(run[1], last));
    const left = run[0] < first ? [[run[0], first - 1]] : [];
    return run[1] > last ? [...left, [last + 1, run[1]]] : left;
  });
}

/** Neighbours with one reason made one. Two ranges of a claim never touch, so no run crosses from one to the next. */
function joined(gaps) {
  const result = [];
  for (const gap of gaps) {
    const before = result.at(-1);
    if (before && before[2] === gap[2] && before[1] + 1 === gap[0]) before[1] = gap[1];
    else result.push([...gap]);
  }
  return result;
}

/** Compare what is missing with what the claim says is missing. */
export function checkGaps(gaps, claimed) {
  let at = 0; // both lists ascend, and neither overlaps itself
  for (const [first, last] of gaps) {
    let open = first;
    while (at < claimed.length && claimed[at][1] < first) at++;
    for (let next = at; next < claimed.length && claimed[next][0] <= open; next++) open = claimed[next][1] + 1;
    if (open <= last) throw new Refusal('hidden-gap', `number ${open} is missing and in no gap of the claim`);
  }
  if (JSON.stringify(gaps) !== JSON.stringify(claimed)) throw new Refusal('wrong-gap', 'gaps differ from the claim');
}

/** What contradicts itself, as {about, first, second}: two statements each, in order. */
export function contradictions(ordered) {
  const found = [];
  let before = []; // all statements with the next smaller number
  let same = []; // statements met so far that have the number being judged
  for (const statement of ordered) {
    if (same.length > 0 && same[0].sequence !== statement.sequence) [before, same] = [same, []];
    if (same.length > 0) found.push({ about: 'sequence', first: same.at(-1), second: statement });
    if (isUnchained(statement, before)) found.push({ about: 'prev', first: before[0], second: statement });
    const falls = before.length > 0 && before.every((one) => one.bootCount > statement.bootCount);
    if (falls) found.push({ about: 'boot-count', first: before[0], second: statement });
    same.push(statement);
  }
  return found;
}

function isUnchained(statement, before) {
  const adjacent = before.length > 0 && before[0].sequence === statement.sequence - 1;
  return adjacent && !before.some((one) => sha256(one.bytes).equals(statement.prev));
}
