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
