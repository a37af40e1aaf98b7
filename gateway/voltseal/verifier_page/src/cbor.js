// The deterministic subset of CBOR (docs/spec/limits.md, RFC 8949 section 4.2.1): one reader that refuses all else.
//
// Items become numbers, Uint8Array, strings, arrays, Map and null. Memory is in proportion to the bytes received, never
// to lengths that they declare; nesting is bounded.

const MAX_DEPTH = 8;

class CborReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  /** Major type and argument of the next head, in shortest form. */
  head() {
    const first = this.byte();
    const major = first >> 5;
    const info = first & 31;
    if (info < 24) return [major, info];
    if (info > 27) throw new Malformed("CBOR: a length that is indefinite or reserved");
    const argument = this.argument(1 << (info - 24));
    return [major, argument];
  }

  argument(width) {
    let value = 0;
    for (let i = 0; i < width; i += 1) value = value * 256 + this.byte();
    const least = [0, 24, 256, 0, 65536, 0, 0, 0, 2 ** 32][width];
    if (value < least) throw new Malformed("CBOR: not in shortest form");
    if (value > MAX_INT) throw new Malformed("CBOR: a number beyond 2^53-1");
    return value;
  }

  byte() {
    if (this.at >= this.bytes.length) throw new Malformed("CBOR: cut short");
    this.at += 1;
    return this.bytes[this.at - 1];
  }

  take(length) {
    if (length > this.bytes.length - this.at) throw new Malformed("CBOR: cut short");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** The next item; `depth` is how many arrays and maps may still open. */
  item(depth = MAX_DEPTH) {
    if (this.bytes[this.at] === 0xf6) {
      this.at += 1;
      return null;
    }
    const [major, argument] = this.head();
    if (major === 0) return argument;
    if (major === 1) return this.negative(argument);
    if (major === 2) return this.take(argument);
    if (major === 3) return utf8Text(this.take(argument));
    if (major > 5) throw new Malformed("CBOR: a tag, float or simple value where none belongs");
    if (depth === 0) throw new Malformed("CBOR: nested too deeply");
    return major === 4 ? this.array(argument, depth - 1) : this.map(argument, depth - 1);
  }

  negative(argument) {
    if (argument >= MAX_INT) throw new Malformed("CBOR: a number below -(2^53-1)");
    return -1 - argument;
  }

  array(count, depth) {
    const items = [];
    for (let i = 0; i < count; i += 1) items.push(this.item(depth));
    return items;
  }

  map(count, depth) {
    const map = new Map();
    let last = new Uint8Array(0);
    for (let i = 0; i < count; i += 1) {
      const begin = this.at;
      const key = this.item(depth);
      const encoded = this.bytes.subarray(begin, this.at);
      if (compareBytes(last, encoded) >= 0) throw new Malformed("CBOR: map keys out of order, or one twice");
      last = encoded;
      map.set(key, this.item(depth));
    }
    return map;
  }

  end() {
    if (this.at !== this.bytes.length) throw new Malformed("CBOR: bytes after the item");
  }
}

/** The one item that `bytes` are. */
function decodeCbor(bytes) {
  const reader = new CborReader(bytes);
  const item = reader.item();
  reader.end();
  return item;
}

/** A text string of at most 255 bytes, or the array [context, origin] of two: all that this page ever encodes. */
function encodeShortText(text) {
  const bytes = utf8(text);
  const head = bytes.length < 24 ? [0x60 | bytes.length] : [0x78, bytes.length];
  return concat(Uint8Array.from(head), bytes);
}

/** The head of a byte string, in shortest form; below 65,536 bytes. */
function byteStringHead(length) {
  if (length < 24) return Uint8Array.of(0x40 | length);
  return length < 256 ? Uint8Array.of(0x58, length) : Uint8Array.of(0x59, length >> 8, length & 255);
}

// What a structure expects of an item. Each returns it or throws `Malformed` with the specification's name of it.

function expectUint(item, name, lowest = 0, highest = MAX_INT) {
  if (typeof item !== "number" || item < lowest || item > highest) {
    throw new Malformed(`${name}: not an integer in range`);
  }
  return item;
}

function expectBytes(item, name, shortest, longest = shortest) {
  if (!(item instanceof Uint8Array) || item.length < shortest || item.length > longest) {
    throw new Malformed(`${name}: not a byte string of the specified length`);
  }
  return item;
}

/** 1 to 64 bytes, as everywhere in claims, requests and events. */
function expectText(item, name) {
  if (typeof item !== "string" || item === "" || utf8(item).length > 64) {
    throw new Malformed(`${name}: not a text of 1 to 64 bytes`);
  }
  return item;
}

function expectArray(item, name, shortest, longest = shortest) {
  if (!Array.isArray(item) || item.length < shortest || item.length > longest) {
    throw new Malformed(`${name}: not an array of the specified length`);
  }
  return item;
}

/** A device's identity: 0x01 and 16 bytes (docs/spec/enrolment.md). As hex, which is how devices are named. */
function expectUeid(item) {
  const bytes = expectBytes(item, "ueid", 17);
  if (bytes[0] !== 1) throw new Malformed("ueid: not of type RAND");
  return hex(bytes);
}
