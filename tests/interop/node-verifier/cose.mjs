// Sign1 profile, COSE keys, ES256 (docs/spec/enrolment.md).

import { createPublicKey, ECDH, verify } from 'node:crypto';
import { bstr, decodeTagged, encode, tuple } from './cbor.mjs';
import { sha256 } from './encodings.mjs';
import { need } from './refusal.mjs';

const KEY_HEAD = Buffer.from('a401022001215820', 'hex');
const KEY_MIDDLE = Buffer.from('225820', 'hex');
const PROTECTED_HEAD = Buffer.from('a201260448', 'hex');
const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');

/** Key of 75 COSE_Key bytes as {bytes, kid (hex), handle}. Node refuses points that are not on the curve. */
export function coseKey(bytes) {
  need(bytes.length === 75, 'COSE_Key is not of 75 bytes');
  need(bytes.subarray(0, 8).equals(KEY_HEAD) && bytes.subarray(40, 43).equals(KEY_MIDDLE), 'not a P-256 COSE_Key');
  const x = bytes.subarray(8, 40).toString('base64url');
  const y = bytes.subarray(43).toString('base64url');
  try {
    const handle = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
    return { bytes, kid: sha256(bytes).toString('hex', 0, 8), handle };
  } catch {
    need(false, 'COSE_Key is not a point of P-256');
  }
}

/** Refuse 33 bytes that are not a point of P-256 in SEC 1 compressed form. */
export function needCompressedPoint(bytes, what) {
  need(bytes[0] === 2 || bytes[0] === 3, `${what} is not compressed`);
  try {
    ECDH.convertKey(bytes, 'prime256v1');
  } catch {
    need(false, `${what} is not a point of P-256`);
  }
}

/** {raw, protected, kid (hex), payload, signature} of a tagged COSE_Sign1 that follows the profile. */
export function sign1(bytes) {
  const [header, unprotected, payload, signature] = tuple(decodeTagged(bytes), 4, 'COSE_Sign1');
  bstr(header, 13, 13, 'protected header');
  need(header.subarray(0, 5).equals(PROTECTED_HEAD), 'protected header is not {alg: ES256, kid}');
  need(unprotected instanceof Map && unprotected.size === 0, 'unprotected header is not empty');
  bstr(payload, 0, bytes.length, 'payload');
  bstr(signature, 64, 64, 'signature');
  return { raw: bytes, protected: header, kid: header.toString('hex', 5), payload, signature };
}

function inRange(signature) {
  const r = BigInt(`0x${signature.toString('hex', 0, 32)}`);
  const s = BigInt(`0x${signature.toString('hex', 32)}`);
  return r >= 1n && r < ORDER && s >= 1n && s <= ORDER / 2n; // low s: one message, one signature
}

/** Whether `message` (of sign1) is signed by `key` for this purpose and log. */
export function isSigned(message, key, context, origin) {
  if (!inRange(message.signature)) return false;
  const aad = encode([context, origin]);
  const signed = encode(['Signature1', message.protected, aad, message.payload]);
  return verify('sha256', signed, { key: key.handle, dsaEncoding: 'ieee-p1363' }, message.signature);
}
