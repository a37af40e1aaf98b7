// The file around a bundle's text: plain, or exactly one gzip member (docs/spec/bundle.md). Bounded in memory.

const MAX_TEXT_BYTES = 256 * 2 ** 20; // what a browser tab can be asked to hold; the specification allows 4 GiB

/** The file may be good, but is more than this page can hold. */
class TooLarge extends Error {}

/** The bundle's text. Throws `Malformed`, `TooLarge`, or `Unsupported` where a browser cannot decompress. */
async function bundleText(file) {
  if (file.length > MAX_TEXT_BYTES) throw new TooLarge();
  return file[0] === 0x1f && file[1] === 0x8b ? gunzip(file) : file;
}

/** Decompressed piece by piece, so that a compression bomb ends at the bound, or at its first line that is too long. */
async function gunzip(file) {
  if (typeof DecompressionStream === "undefined") throw new Unsupported("this browser cannot read gzip files");
  const reader = new Blob([file]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const pieces = [];
  let total = 0;
  let lineBytes = 0;
  for (let piece = await nextPiece(reader); piece !== null; piece = await nextPiece(reader)) {
    total += piece.length;
    const lastFeed = piece.lastIndexOf(10);
    lineBytes = lastFeed < 0 ? lineBytes + piece.length : piece.length - 1 - lastFeed;
    const error = lineBytes > MAX_LINE_BYTES ? new Malformed("a line longer than 16 MiB") : new TooLarge();
    if (lineBytes > MAX_LINE_BYTES || total > MAX_TEXT_BYTES) {
      await reader.cancel();
      throw error;
    }
    pieces.push(piece);
  }
  return concat(...pieces);
}

async function nextPiece(reader) {
  try {
    const { done, value } = await reader.read();
    return done ? null : value;
  } catch {
    throw new Malformed("the gzip file is damaged, cut off, or followed by something");
  }
}
