// RFC 6962 hashes and the multi-proof (docs/spec/log.md). Indexes and sizes are BigInt: a tree may have 2^63 - 1 leaves.

import { sha256 } from './encodings.mjs';
import { need } from './refusal.mjs';

const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);

/** Hash of a leaf, its data given in parts. */
export function leafHash(...parts) {
  return sha256(LEAF, ...parts);
}

/** Largest power of two smaller than `size`, which is at least 2. */
function split(size) {
  return 1n << BigInt((size - 1n).toString(2).length - 1);
}

/**
 * Root that [index, leaf hash] pairs and the multi-proof's nodes give at `size`. Malformed where the specification
 * refuses: no leaf, indexes that do not ascend or are too large, too few nodes or too many.
 */
export function multiProofRoot(leaves, nodes, size) {
  need(leaves.length > 0, 'multi-proof of no leaf');
  leaves.forEach(([index], i) => need(index < size && (i === 0 || index > leaves[i - 1][0]), 'multi-proof indexes'));
  let used = 0;
  // [from, to) are the leaves' positions that lie in the subtree [begin, end).
  const walk = (begin, end, from, to) => {
    if (from === to) {
      need(used < nodes.length, 'multi-proof runs out');
      return nodes[used++];
    }
    if (end - begin === 1n) return leaves[from][1];
    const middle = begin + split(end - begin);
    const cut = firstAtLeast(leaves, middle, from, to);
    const left = walk(begin, middle, from, cut);
    return sha256(NODE, left, walk(middle, end, cut, to));
  };
  const root = walk(0n, size, 0, leaves.length);
  need(used === nodes.length, 'multi-proof has nodes left over');
  return root;
}

function firstAtLeast(leaves, index, from, to) {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (leaves[middle][0] < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Roots {older, newer} that a consistency proof gives (RFC 9162, section 2.1.4.2); 0 < `from` < `to`. */
function consistencyRoots(from, to, path, olderRoot) {
  let fn = from - 1n;
  let sn = to - 1n;
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  const nodes = fn === 0n ? [olderRoot, ...path] : path; // fn is 0 exactly where `from` is a power of two
  need(nodes.length > 0, 'consistency proof is empty');
  let [fr, sr] = [nodes[0], nodes[0]];
  for (const node of nodes.slice(1)) {
    need(sn !== 0n, 'consistency proof is too long');
    if (fn & 1n || fn === sn) {
      [fr, sr] = [sha256(NODE, node, fr), sha256(NODE, node, sr)];
      while (fn !== 0n && !(fn & 1n)) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = sha256(NODE, sr, node);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  need(sn === 0n, 'consistency proof is too short');
  return { older: fr, newer: sr };
}

/** Malformed unless `path` proves that {size, root} `newer` continues `older`, which is not empty. */
export function checkConsistency(older, newer, path) {
  need(newer.size >= older.size, 'newer tree is smaller');
  if (newer.size === older.size) {
    need(path.length === 0 && newer.root.equals(older.root), 'two roots of one size, or a proof of nothing');
    return;
  }
  const roots = consistencyRoots(older.size, newer.size, path, older.root);
  need(roots.older.equals(older.root) && roots.newer.equals(newer.root), 'consistency proof gives other roots');
}
