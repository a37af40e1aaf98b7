// Decoder of the CBOR subset (docs/spec/limits.md, "CBOR"; RFC 8949 section 4.2.1), and the few encodings we need.
//
// Integers become numbers, byte strings Buffers, text strings, arrays and maps their namesakes.

import { MAX_INTEGER, utf8 } from './encodings.mjs';
import { need } from './refusal.mjs';

const MAX_NESTING = 8;

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.position = 0;
  }

  take(count) {
    need(count <= this.bytes.length - this.position, 'item is cut off');
    this.position += count;
    return this.bytes.subarray(this.position - count, this.position);
  }

  /** [major type, argument]; refuses indefinite lengths and arguments that are not in their shortest form. */
  head() {
    const first = this.take(1)[0];
    const major = first >> 5;
    const info = first & 31;
    if (info < 24) return [major, info];
    need(info <= 27, 'indefinite length or reserved head');
    const raw = this.take(2 ** (info - 24));
    const argument = BigInt(`0x${raw.toString('hex')}`);
    const least = info === 24 ? 24n : 2n ** BigInt(8 * (raw.length / 2));
    need(argument >= least, 'not in shortest form');
    need(argument <= BigInt(MAX_INTEGER), 'number beyond 2^53-1');
    return [major, Number(argument)];
  }

  item(depth) {
    const [major, argument] = this.head();
    if (major === 4 || major === 5) need(depth < MAX_NESTING, 'nested too deeply');
    switch (major) {
      case 0:
        return argument;
      case 1:
        need(argument < MAX_INTEGER, 'number beyond -(2^53-1)');
        return -1 - argument;
      case 2:
        return this.take(argument);
      case 3:
        return utf8(this.take(argument));
      case 4:
        return this.array(argument, depth + 1);
      case 5:
        return this.map(argument, depth + 1);
      default:
        need(this.bytes[this.position - 1] === 0xf6, 'tag, float or simple value');
        return null;
    }
  }

  array(count, depth) {
    const items = [];
    for (let i = 0; i < count; i++) items.push(this.item(depth)); // runs out of bytes long before memory
    return items;
  }

  map(count, depth) {
    const entries = new Map();
    let before = null;
    for (let i = 0; i < count; i++) {
      const start = this.position;
      const key = this.item(depth);
      const encoded = this.bytes.subarray(start, this.position);
      need(before === null || Buffer.compare(before, encoded) < 0, 'map keys not in order');
      before = encoded;
      entries.set(key, this.item(depth));
    }
    return entries;
  }
}

/** The one item that `bytes` encode, without any tag; Malformed if they are anything else. */
export function decode(bytes) {
  return wholeItem(new Reader(bytes), 0);
}

/** The one item under tag 18 that `bytes` encode. The tag stands only where a structure asks for it: outermost. */
export function decodeTagged(bytes) {
  const reader = new Reader(bytes);
  need(reader.take(1)[0] === 0xd2, 'not tagged as COSE_Sign1');
  return wholeItem(reader, 1);
}

function wholeItem(reader, depth) {
  const item = reader.item(depth);
  need(reader.position === reader.bytes.length, 'bytes after the item');
  return item;
}

function encodeHead(major, argument) {
  if (argument < 24) return Buffer.from([(major << 5) | argument]);
  if (argument < 0x100) return Buffer.from([(major << 5) | 24, argument]);
  if (argument < 0x10000) return Buffer.from([(major << 5) | 25, argument >> 8, argument & 0xff]);
  const wide = Buffer.alloc(5, (major << 5) | 26);
  wide.writeUInt32BE(argument, 1);
  return wide;
}

/** Encoding of Buffers, strings and arrays of them: all that external_aad and Sig_structure need. */
export function encode(value) {
  if (Buffer.isBuffer(value)) return Buffer.concat([encodeHead(2, value.length), value]);
  if (typeof value === 'string') return encodeText(value);
  return Buffer.concat([encodeHead(4, value.length), ...value.map(encode)]);
}

function encodeText(text) {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([encodeHead(3, bytes.length), bytes]);
}

/** The encodings of an array's items, one by one: column leaves are hashed over their bytes as they stand. */
export function itemsOfArray(bytes) {
  const reader = new Reader(bytes);
  const [major, count] = reader.head();
  need(major === 4, 'not an array');
  const encodings = [];
  for (let i = 0; i < count; i++) {
    const start = reader.position;
    reader.item(1);
    encodings.push(bytes.subarray(start, reader.position));
  }
  need(reader.position === bytes.length, 'bytes after the array');
  return encodings;
}

// Shapes -----------------------------------------------------------------------------------------------------------

/** `value`, an integer from `low` to `high`. */
export function uint(value, low, high, what) {
  need(Number.isInteger(value) && value >= low && value <= high, `${what} is not an integer in range`);
  return value;
}

/** `value`, a byte string of `low` to `high` bytes. */
export function bstr(value, low, high, what) {
  need(Buffer.isBuffer(value), `${what} is not a byte string`);
  need(value.length >= low && value.length <= high, `${what} is not of its size`);
  return value;
}

/** `value`, a text string of 1 to 64 bytes (limits.md). */
export function name(value, what) {
  need(typeof value === 'string', `${what} is not text`);
  const size = Buffer.byteLength(value, 'utf8');
  need(size >= 1 && size <= 64, `${what} is not of 1 to 64 bytes`);
  return value;
}

/** `value`, an array of exactly `size` items. */
export function tuple(value, size, what) {
  need(Array.isArray(value) && value.length === size, `${what} is not an array of ${size}`);
  return value;
}
