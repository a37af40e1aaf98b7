// Text encodings and hashing (docs/spec/limits.md, "Text encodings").

import { createHash } from 'node:crypto';
import { need } from './refusal.mjs';

export const MAX_INTEGER = Number.MAX_SAFE_INTEGER; // 2^53 - 1
export const MAX_SEQUENCE = 2 ** 48 - 1;
const MAX_INT64 = 2n ** 63n - 1n;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }); // ignoreBOM: keep it, so that it is refused

/** SHA-256 of the parts, one after the other. */
export function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Text of UTF-8 bytes; refuses overlong forms, surrogates and everything else that is not UTF-8. */
export function utf8(bytes) {
  try {
    return UTF8.decode(bytes);
  } catch {
    need(false, 'not UTF-8');
  }
}

/** Bytes of strict base64. Node's decoder takes nearly anything, so the text is written again and compared. */
export function base64(text) {
  const bytes = Buffer.from(text, 'base64');
  need(bytes.toString('base64') === text, 'not strict base64');
  return bytes;
}

/** Strict base64 of exactly `size` bytes. */
export function base64Of(size, text) {
  const bytes = base64(text);
  need(bytes.length === size, `base64 of ${bytes.length} instead of ${size} bytes`);
  return bytes;
}

/** BigInt of a decimal number without sign and leading zeros, at most 2^63 - 1. */
export function decimal(text) {
  need(/^(0|[1-9][0-9]{0,18})$/.test(text), 'not a decimal number');
  const number = BigInt(text);
  need(number <= MAX_INT64, 'number above 2^63-1');
  return number;
}

/** RFC 8785 text of a value whose shape has been checked: null, integers, strings, arrays and objects only. */
export function canonical(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object') {
    const members = Object.keys(value).sort(); // UTF-16 code units, as RFC 8785 section 3.2.3 asks
    return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** Whether this may be a log's origin (limits.md). */
export function isOrigin(text) {
  return /^[!-*,-~]{1,128}$/.test(text);
}
