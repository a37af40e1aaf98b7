// Step 8: what is missing and what contradicts itself, against the claim (docs/spec/verification.md, bundle.md).
//
// Numbers reach 2^48, so all of this works on runs of numbers, never on single ones.

const MAX_CONFLICTS = 100;

/** Statements in order of number, then index. */
function inOrder(statements) {
  return [...statements].sort((a, b) => a.sequence - b.sequence || a.index - b.index);
}

/** Ascending disjoint runs `[first, last]` of the numbers that `ordered` statements have. */
function presentRuns(ordered) {
  const runs = [];
  for (const { sequence } of ordered) {
    const run = runs.at(-1);
    if (run && sequence <= run[1] + 1) run[1] = sequence;
    else runs.push([sequence, sequence]);
  }
  return runs;
}

/** The declared ranges as ascending disjoint `[first, last, reason]`: of several, the earliest statement's counts. */
function declaredRanges(ordered) {
  const owned = [];
  for (const { lost } of ordered) {
    for (const [first, last, reason] of lost) {
      const pieces = uncovered(first, last, owned).map(([from, to]) => [from, to, reason]);
      for (const piece of pieces) owned.splice(firstReaching(owned, piece[0]), 0, piece);
    }
  }
  return owned;
}

/** Where in ascending disjoint `runs` the first one stands that ends at `number` or later. */
function firstReaching(runs, number) {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[middle][1] < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The parts of first..last that none of the ascending disjoint `runs` has. */
function uncovered(first, last, runs) {
  const parts = [];
  let at = first;
  for (let i = firstReaching(runs, first); i < runs.length && runs[i][0] <= last; i += 1) {
    if (runs[i][0] > at) parts.push([at, runs[i][0] - 1]);
    at = runs[i][1] + 1;
  }
  if (at <= last) parts.push([at, last]);
  return parts;
}

/** The gaps of a claim over `ranges`: maximal runs of missing numbers within a range that share a reason. */
function findGaps(ordered, ranges) {
  const present = presentRuns(ordered);
  const declared = declaredRanges(ordered);
  const gaps = [];
  const add = (first, last, reason) => {
    const before = gaps.at(-1);
    if (before && before[1] + 1 === first && before[2] === reason) before[1] = last;
    else gaps.push([first, last, reason]);
  };
  for (const range of ranges) {
    for (const [first, last] of uncovered(range[0], range[1], present)) splitByReason(first, last, declared, add);
  }
  return gaps;
}

function splitByReason(first, last, declared, add) {
  let at = first;
  for (let i = firstReaching(declared, first); i < declared.length && declared[i][0] <= last; i += 1) {
    const [from, to, reason] = declared[i];
    if (from > at) add(at, from - 1, UNEXPLAINED);
    add(Math.max(from, at), Math.min(to, last), reason);
    at = to + 1;
  }
  if (at <= last) add(at, last, UNEXPLAINED);
}

/** What statements contradict each other in: by kind, then by number. */
function findConflicts(ordered) {
  const groups = [];
  for (const statement of ordered) {
    if (groups.at(-1)?.[0].sequence === statement.sequence) groups.at(-1).push(statement);
    else groups.push([statement]);
  }
  const found = { sequence: [], prev: [], "boot-count": [] };
  groups.forEach((group, i) => {
    for (let k = 1; k < group.length; k += 1) found.sequence.push([group[k - 1], group[k]]);
    if (i === 0) return;
    const before = groups[i - 1];
    const lowest = before.reduce((least, one) => (one.bootCount < least.bootCount ? one : least));
    const adjacent = before[0].sequence + 1 === group[0].sequence;
    for (const statement of group) {
      if (adjacent && before.every((one) => one.digest !== statement.prev)) found.prev.push([before[0], statement]);
      if (statement.bootCount < lowest.bootCount) found["boot-count"].push([lowest, statement]);
    }
  });
  return Object.entries(found).flatMap(([about, pairs]) => pairs.map(([first, second]) => ({ about, first, second })));
}

/** Step 8. Throws `Invalid` if the claim's gaps are not those of the statements. */
function judgeCompleteness(statements, claim) {
  const ordered = inOrder(statements);
  const gaps = findGaps(ordered, claim.ranges);
  if (canonicalJson(gaps) !== canonicalJson(claim.gaps)) throw wrongGaps(gaps, claim.gaps);
  const conflicts = findConflicts(ordered);
  const reference = ({ index, sequence, bootCount, digest }) => ({ index, sequence, boot_count: bootCount, digest });
  return {
    result: completenessWord(gaps, conflicts),
    ranges: claim.ranges,
    statements: statements.filter(({ sequence }) => isClaimed(claim, sequence)).length,
    gaps,
    conflicts: conflicts.slice(0, MAX_CONFLICTS).map(({ about, first, second }) => (
      { about, first: reference(first), second: reference(second) }
    )),
    conflict_count: conflicts.length,
  };
}

function completenessWord(gaps, conflicts) {
  if (conflicts.length > 0) return "equivocation";
  if (gaps.some(([, , reason]) => reason === UNEXPLAINED)) return "gap-unexplained";
  return gaps.length > 0 ? "gap-declared" : "complete";
}

function wrongGaps(gaps, claimed) {
  for (const [first, last] of gaps) {
    const [hidden] = uncovered(first, last, claimed);
    if (hidden) return new Invalid(8, "hidden-gap", `statement ${hidden[0]} is missing, and the claim does not say so`);
  }
  return new Invalid(8, "wrong-gap", "the claim's gaps are not those of its statements");
}

/** Whether a number lies in the claim's ranges. */
function isClaimed(claim, sequence) {
  const i = firstReaching(claim.ranges, sequence);
  return i < claim.ranges.length && claim.ranges[i][0] <= sequence;
}

/** Whether a statement outside the ranges declares a gap of the claim whose reason is not `unexplained`. */
function declaresGapOf(claim, statement) {
  return statement.lost.some(([first, last]) => {
    for (let i = firstReaching(claim.gaps, first); i < claim.gaps.length && claim.gaps[i][0] <= last; i += 1) {
      if (claim.gaps[i][2] !== UNEXPLAINED) return true;
    }
    return false;
  });
}
