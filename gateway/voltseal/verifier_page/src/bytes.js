// Bytes: text encodings in their one spelling (docs/spec/limits.md), comparison, SHA-256 through WebCrypto.

/** Something is not written as the specification says. Which step's code it becomes, the caller decides. */
class Malformed extends Error {}

/** A signature is out of range or does not verify. */
class BadSignature extends Error {}

/** This browser cannot do what a check needs: neither valid nor invalid follows from that. */
class Unsupported extends Error {}

const MAX_INT = Number.MAX_SAFE_INTEGER; // 2^53 - 1, the specification's bound of all integers
const TEXT_ENCODER = new TextEncoder();
const BASE64_FORM = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function utf8(text) {
  return TEXT_ENCODER.encode(text);
}

/** Strict UTF-8. A byte order mark is a character like any other, so that it does not vanish unseen. */
function utf8Text(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed("not UTF-8");
  }
}

function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** -1, 0 or 1: bytewise, a prefix before what it begins. */
function compareBytes(a, b) {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return Math.sign(a.length - b.length);
}

function equalBytes(a, b) {
  return compareBytes(a, b) === 0;
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOfHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** RFC 4648 section 4 with padding; refuses every text that encoding the bytes again would not give. */
function base64Bytes(text, name) {
  if (typeof text !== "string" || !BASE64_FORM.test(text)) throw new Malformed(`${name}: not canonical base64`);
  const characters = atob(text);
  if (btoa(characters) !== text) throw new Malformed(`${name}: unused bits of base64 are not zero`);
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}

function base64Text(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function bigEndian(bytes) {
  return BigInt(`0x0${hex(bytes)}`);
}

/** WebCrypto, or `Unsupported`: browsers give it to pages from a file or over https only. */
function subtleCrypto() {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) throw new Unsupported("WebCrypto is not available to this page");
  return subtle;
}

async function sha256(...parts) {
  const bytes = parts.length === 1 ? parts[0] : concat(...parts);
  return new Uint8Array(await subtleCrypto().digest("SHA-256", bytes));
}
