// Signed notes, checkpoints, cosignatures and ledger blocks (docs/spec/log.md).

import { createPublicKey, verify } from 'node:crypto';
import { base64, base64Of, decimal, isOrigin, MAX_INTEGER, sha256, utf8 } from './encodings.mjs';
import { need } from './refusal.mjs';

export const ED25519 = 0x01;
export const COSIGNATURE = 0x04;
const MAX_NOTE_BYTES = 262144;
const MAX_SIGNATURES = 64;
const MAX_BLOCK_BYTES = 2048;
const MAX_ORIGIN_BYTES = 255; // of a checkpoint: other logs may have longer origins than ours
const LEDGER = 'voltseal-ledger/1';

function needKeyName(name) {
  const size = Buffer.byteLength(name, 'utf8');
  need(size >= 1 && size <= 255 && !/[+\p{White_Space}]/u.test(name), 'key name');
}

/** {name, id (hex), type, bytes, handle} of a verifier key `<name>+<id>+<base64>` of the wanted signature type. */
export function verifierKey(text, type) {
  const fields = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/su.exec(text);
  need(fields !== null, 'not <name>+<key ID>+<base64>');
  const [, name, id, encoded] = fields;
  needKeyName(name);
  const bytes = base64Of(33, encoded);
  need(bytes[0] === type, `key of type ${bytes[0]} instead of ${type}`);
  need(sha256(`${name}\n`, bytes).toString('hex', 0, 4) === id, 'key ID does not belong to the key');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url', 1) };
  return { name, id, type, bytes, handle: createPublicKey({ key: jwk, format: 'jwk' }) };
}

/** {text, signatures: [{name, id (hex), bytes}]} of a signed note; `text` ends with its line feed. */
export function signedNote(bytes) {
  need(bytes.length <= MAX_NOTE_BYTES, 'note is too long');
  const note = utf8(bytes);
  need(!/[\0-\x09\x0b-\x1f]/.test(note), 'control character in the note');
  need(note.endsWith('\n'), 'note does not end with a line feed');
  const cut = note.lastIndexOf('\n\n');
  need(cut >= 0, 'note without signatures');
  const lines = note.slice(cut + 2).split('\n').slice(0, -1);
  need(lines.length >= 1 && lines.length <= MAX_SIGNATURES, 'number of signature lines');
  return { text: note.slice(0, cut + 1), signatures: lines.map(signatureLine) };
}

function signatureLine(line) {
  const fields = /^— ([^ ]*) ([^ ]*)$/u.exec(line);
  need(fields !== null, 'not a signature line');
  needKeyName(fields[1]);
  const bytes = base64(fields[2]);
  need(bytes.length >= 5, 'signature is too short');
  return { name: fields[1], id: bytes.toString('hex', 0, 4), bytes: bytes.subarray(4) };
}

/** The signatures of a note that name this key. */
export function signaturesOf(note, key) {
  return note.signatures.filter((signature) => signature.name === key.name && signature.id === key.id);
}

/** Whether an Ed25519 note signature is right. */
export function isNoteSigned(note, key, signature) {
  return signature.bytes.length === 64 && verify(null, Buffer.from(note.text, 'utf8'), key.handle, signature.bytes);
}

/** Time in seconds (BigInt) of a cosignature/v1 by `key`, or null if it is wrong. */
export function cosignatureTime(note, key, signature) {
  if (signature.bytes.length !== 72) return null;
  const seconds = signature.bytes.readBigUInt64BE(0);
  if (seconds >= 2n ** 63n) return null;
  const signed = Buffer.from(`cosignature/v1\ntime ${seconds}\n${note.text}`, 'utf8');
  return verify(null, signed, key.handle, signature.bytes.subarray(8)) ? seconds : null;
}

/** {origin, size (BigInt), root} of a checkpoint's text. */
export function checkpointBody(text) {
  const lines = text.split('\n').slice(0, -1);
  need(lines.length >= 3 && lines.every((line) => line !== ''), 'checkpoint has too few lines, or an empty one');
  need(Buffer.byteLength(lines[0], 'utf8') <= MAX_ORIGIN_BYTES, 'origin of the checkpoint is too long');
  return { origin: lines[0], size: decimal(lines[1]), root: base64Of(32, lines[2]) };
}

/** {note, timeMs, origin, size, root} of a ledger block, parsed strictly; its signature is not judged here. */
export function ledgerBlock(bytes) {
  need(bytes.length <= MAX_BLOCK_BYTES, 'block is too long');
  const note = signedNote(bytes);
  need(note.signatures.length === 1, 'block does not have exactly one signature');
  const lines = note.text.split('\n').slice(0, -1);
  need(lines.length === 7 && lines[0] === LEDGER, 'not a ledger block');
  const height = decimal(lines[1]);
  const previous = base64Of(32, lines[2]);
  const followsNone = previous.every((byte) => byte === 0);
  need((height === 0n) === followsNone, 'the first block, and no other, follows 32 zero bytes');
  const timeMs = decimal(lines[3]);
  need(timeMs <= BigInt(MAX_INTEGER), 'time beyond 2^53-1');
  need(isOrigin(lines[4]) && lines[4] !== LEDGER, 'origin of the block');
  return { note, timeMs: Number(timeMs), origin: lines[4], size: decimal(lines[5]), root: base64Of(32, lines[6]) };
}
