// One gzip member (RFC 1952) with nothing after it. Node's own gunzip takes several members and ignores trailing bytes.

import { crc32, inflateRawSync } from 'node:zlib';
import { need } from './refusal.mjs';

const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;
const RESERVED = 0xe0;

/** Whether the bytes begin as a gzip member does. A bundle begins with `{`, so this cannot be mistaken. */
export function isGzip(bytes) {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** The content of exactly one member; Malformed if anything else, or if it is longer than `limit`. */
export function gunzipOne(bytes, limit) {
  const start = headerEnd(bytes);
  const { content, used } = inflate(bytes.subarray(start), limit);
  const end = start + used;
  need(bytes.length === end + 8, 'not exactly one gzip member');
  need(bytes.readUInt32LE(end) === crc32(content), 'gzip checksum');
  need(bytes.readUInt32LE(end + 4) === content.length % 2 ** 32, 'gzip length');
  return content;
}

function inflate(bytes, limit) {
  try {
    const { buffer, engine } = inflateRawSync(bytes, { info: true, maxOutputLength: limit });
    return { content: buffer, used: engine.bytesWritten };
  } catch (error) {
    need(error.code === 'ERR_BUFFER_TOO_LARGE' || error.code?.startsWith('Z_'), `inflate: ${error.message}`);
    need(false, `gzip: ${error.message}`);
  }
}

function headerEnd(bytes) {
  need(bytes.length >= 18 && bytes[2] === 8, 'not a gzip member');
  const flags = bytes[3];
  need((flags & RESERVED) === 0, 'reserved gzip flags');
  let at = 10;
  if (flags & FEXTRA) at += 2 + bytes.readUInt16LE(at);
  if (flags & FNAME) at = afterZero(bytes, at);
  if (flags & FCOMMENT) at = afterZero(bytes, at);
  if (flags & FHCRC) {
    need(at + 2 <= bytes.length, 'gzip header is cut off');
    need(bytes.readUInt16LE(at) === (crc32(bytes.subarray(0, at)) & 0xffff), 'gzip header checksum');
    at += 2;
  }
  need(at <= bytes.length, 'gzip header is cut off');
  return at;
}

function afterZero(bytes, from) {
  const zero = bytes.indexOf(0, from);
  need(zero >= 0, 'gzip header is cut off');
  return zero + 1;
}
