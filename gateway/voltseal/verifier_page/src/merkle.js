// RFC 6962 trees: leaf and node hashes, and the root that a multi-proof leads to (docs/spec/log.md).

/** A proof has too many or too few hashes. */
class BadProof extends Error {}

function leafHash(data) {
  return sha256(Uint8Array.of(0), data);
}

function nodeHash(left, right) {
  return sha256(Uint8Array.of(1), left, right);
}

/** The largest power of two below `size`, a BigInt of at least 2. */
function splitPoint(size) {
  return 1n << BigInt((size - 1n).toString(2).length - 1);
}

/**
 * The root that leaves and nodes lead to, not yet compared with anything. `leaves`: `[index, promise of leaf hash]`,
 * indexes BigInt, strictly ascending, below `size`, at least one. Throws `BadProof`.
 *
 * The walk takes nodes and leaves in order, at once; the hashing runs behind it.
 */
function rootOfMultiProof(leaves, size, nodes) {
  let leaf = 0;
  let node = 0;
  const subtree = (begin, end) => {
    if (leaf === leaves.length || leaves[leaf][0] >= end) {
      if (node === nodes.length) throw new BadProof("the proof has too few hashes");
      node += 1;
      return nodes[node - 1];
    }
    if (end - begin === 1n) {
      leaf += 1;
      return leaves[leaf - 1][1];
    }
    const middle = begin + splitPoint(end - begin);
    const halves = [subtree(begin, middle), subtree(middle, end)]; // in this order: both take from the same lists
    return Promise.all(halves).then(([left, right]) => nodeHash(left, right));
  };
  const root = subtree(0n, size);
  if (node !== nodes.length) throw new BadProof("the proof has too many hashes");
  return Promise.resolve(root);
}

/** The root over all leaves, given as promises of their hashes: at least one. */
async function rootOfLeaves(leaves) {
  let level = await Promise.all(leaves);
  while (level.length > 1) {
    const pairs = [];
    for (let i = 0; i < level.length; i += 2) {
      pairs.push(i + 1 < level.length ? nodeHash(level[i], level[i + 1]) : level[i]);
    }
    level = await Promise.all(pairs);
  }
  return level[0];
}

/**
 * Return if `path` proves that the later tree continues the older one (RFC 9162, section 2.1.4.2); throws `BadProof`.
 * Trees are `{treeSize, root}`, the older one not empty.
 */
async function verifyConsistency(older, later, path) {
  if (later.treeSize < older.treeSize) throw new BadProof("the later tree is smaller");
  if (later.treeSize === older.treeSize) {
    if (path.length > 0 || !equalBytes(older.root, later.root)) throw new BadProof("one size, but not one root");
    return;
  }
  let [place, last] = [older.treeSize - 1n, later.treeSize - 1n];
  for (; place & 1n; place >>= 1n) last >>= 1n;
  const [first, ...rest] = place === 0n ? [older.root, ...path] : path;
  if (first === undefined) throw new BadProof("the consistency proof is empty");
  let [before, after] = [first, first];
  for (const sibling of rest) {
    if (last === 0n) throw new BadProof("the consistency proof has too many hashes");
    if (place & 1n || place === last) {
      [before, after] = await Promise.all([nodeHash(sibling, before), nodeHash(sibling, after)]);
      for (; place !== 0n && !(place & 1n); place >>= 1n) last >>= 1n;
    } else {
      after = await nodeHash(after, sibling);
    }
    [place, last] = [place >> 1n, last >> 1n];
  }
  const leadsToBoth = last === 0n && equalBytes(before, older.root) && equalBytes(after, later.root);
  if (!leadsToBoth) throw new BadProof("the consistency proof does not lead to both roots");
}
