// Log entries: statements and registry events (docs/spec/statement.md, boot.md, enrolment.md, entries.md).

import { bstr, decode, name, tuple, uint } from './cbor.mjs';
import { coseKey, needCompressedPoint, sign1 } from './cose.mjs';
import { MAX_INTEGER, MAX_SEQUENCE } from './encodings.mjs';
import { need } from './refusal.mjs';

const MAX_STATEMENT_BYTES = 1536;
const MAX_BOOTS = 2 ** 32 - 1;
const MAX_RANGES = 32;
const REASON_NAMES = { 1: 'power-cut', 2: 'spool-full', 3: 'spool-damaged' };
const DEVICE_CLASSES = ['bms', 'tbox', 'inverter'];

export const TELEMETRY = 1;
export const BOOT = 2;
export const LOSS = 3;

/** Number of columns by schema number (schemas.md). */
export const SCHEMA_COLUMNS = new Map([[1, 30]]);

/** Whether this entry is a statement; all others are judged as registry events. */
export function isStatement(bytes) {
  return bytes[0] === 0xd2;
}

/** A well-formed statement of a supported kind: its message (sign1), head and what its record type adds. */
export function statement(bytes) {
  need(bytes.length <= MAX_STATEMENT_BYTES, 'statement is too long');
  const message = sign1(bytes);
  const payload = decode(message.payload);
  need(Array.isArray(payload) && payload.length >= 8, 'payload is not an array of a statement');
  const head = headOf(payload);
  const rest = payload.slice(8);
  if (head.recordType === TELEMETRY) return { message, ...head, ...telemetryOf(head, rest) };
  need(head.recordType === BOOT || head.recordType === LOSS, 'record type is not known');
  need(head.schema === 1, 'schema is not known');
  tuple(rest, 1, 'boot or loss part');
  if (head.recordType === BOOT) return { message, ...head, ...bootOf(head, rest[0]) };
  const lost = rangesOf(rest[0], head.sequence);
  need(lost.length > 0, 'loss statement without a range');
  return { message, ...head, lost };
}

function headOf(payload) {
  const head = {
    recordType: uint(payload[0], 0, MAX_INTEGER, 'record_type'),
    schema: uint(payload[1], 1, 65535, 'schema'),
    bootCount: uint(payload[2], 1, MAX_BOOTS, 'boot_count'),
    sequence: uint(payload[3], 0, MAX_SEQUENCE, 'sequence'),
    timeMs: uint(payload[4], 0, MAX_INTEGER, 'time_ms'),
    timeQuality: uint(payload[5], 0, 4, 'time_quality'),
    timeUncertaintyMs: uint(payload[6], 0, MAX_INTEGER, 'time_uncertainty_ms'),
    prev: bstr(payload[7], 32, 32, 'prev'),
  };
  need(head.timeQuality !== 0 || head.timeUncertaintyMs === 0, 'uncertainty of a time that is not known');
  return head;
}

function telemetryOf(head, rest) {
  tuple(rest, 2, 'telemetry part');
  need(SCHEMA_COLUMNS.has(head.schema), 'schema is not known');
  const readingCount = uint(rest[0], 1, 256, 'reading_count');
  return { readingCount, commitment: bstr(rest[1], 32, 32, 'commitment'), lost: [] };
}

/** Lost ranges as [first, last, reason's name], ascending and without a common number, all before `sequence`. */
function rangesOf(value, sequence) {
  need(Array.isArray(value) && value.length <= MAX_RANGES, 'lost ranges');
  let least = 0;
  return value.map((range) => {
    const [first, last, reason] = tuple(range, 3, 'lost range');
    uint(first, least, MAX_SEQUENCE, 'first of a lost range');
    uint(last, first, sequence - 1, 'last of a lost range');
    least = last + 1;
    return [first, last, REASON_NAMES[uint(reason, 1, 3, 'reason of a lost range')]];
  });
}

function bootOf(head, claims) {
  need(claims instanceof Map, 'claims are not a map');
  const take = (label) => {
    need(claims.has(label), `claim ${label} is missing`);
    return claims.get(label);
  };
  need(claims.size === 12 + (claims.has(10) ? 1 : 0), 'claims are not those of a boot statement');
  if (claims.has(10)) bstr(claims.get(10), 8, 64, 'nonce');
  const ueid = bstr(take(256), 17, 17, 'ueid');
  need(ueid[0] === 1, 'ueid is not of type RAND');
  bstr(take(259), 1, 32, 'hwmodel');
  need(take(267) === head.bootCount, 'bootcount is not boot_count');
  bstr(take(268), 32, 32, 'bootseed');
  name(take(270), 'swname');
  name(tuple(take(271), 1, 'swversion')[0], 'swversion');
  const measurement = bstr(take(-70001), 32, 32, 'measurement').toString('hex');
  uint(take(-70002), 0, 6, 'reset_cause');
  const keyTier = uint(take(-70003), 1, 3, 'key_tier');
  const lost = rangesOf(take(-70004), head.sequence);
  uint(take(-70005), 1, MAX_INTEGER, 'cadence_ms');
  needCompressedPoint(bstr(take(-70006), 33, 33, 'receipt_key'), 'receipt_key');
  return { ueid: ueid.toString('hex'), measurement, keyTier, lost };
}

function ueidOf(value) {
  need(bstr(value, 17, 17, 'ueid')[0] === 1, 'ueid is not of type RAND');
  return value.toString('hex');
}

/** A registry event as {type, ueid, body}: form of the event alone, not of an endorsement in it. */
export function registryEvent(bytes) {
  const [type, timeMs, ueid, body] = tuple(decode(bytes), 4, 'registry event');
  uint(type, 1, 3, 'event_type');
  uint(timeMs, 0, MAX_INTEGER, 'time_ms of the event');
  const event = { type: [, 'enrol', 'revoke', 'rotate'][type], ueid: ueidOf(ueid) };
  if (type === 1) return { ...event, body: bstr(body, 0, bytes.length, 'endorsement') };
  if (event.type === 'rotate') {
    const [inner, consent] = tuple(body, 2, 'rotation');
    return { ...event, body: bstr(inner, 0, bytes.length, 'endorsement'), consent: bstr(consent, 0, bytes.length, 'consent') };
  }
  const [kid, effectiveMs, reason] = tuple(body, 3, 'revocation');
  name(reason, 'reason of the revocation');
  return {
    ...event,
    kid: bstr(kid, 8, 8, 'kid').toString('hex'),
    effectiveMs: uint(effectiveMs, 0, MAX_INTEGER, 'effective_ms'),
  };
}

/** An endorsement and the request in it: messages, key, ueid, validity. No signature is judged here. */
export function endorsement(bytes) {
  const message = sign1(bytes);
  const [version, inner, notBeforeMs, makerName] = tuple(decode(message.payload), 4, 'endorsement');
  need(version === 1, 'version of the endorsement');
  const request = enrolmentRequest(bstr(inner, 0, bytes.length, 'request'));
  name(makerName, 'maker_name'); // the maker's own word; a verdict shows the trust file's name
  return { message, request, notBeforeMs: uint(notBeforeMs, 0, MAX_INTEGER, 'not_before_ms') };
}

function enrolmentRequest(bytes) {
  const message = sign1(bytes);
  const payload = tuple(decode(message.payload), 7, 'enrolment request');
  const [version, ueid, keyBytes, deviceClass, hwmodel, keyTier, nonce] = payload;
  need(version === 1, 'version of the request');
  need(DEVICE_CLASSES.includes(deviceClass), 'device_class');
  bstr(hwmodel, 1, 32, 'hwmodel');
  uint(keyTier, 1, 3, 'key_tier');
  bstr(nonce, 0, 64, 'nonce');
  const key = coseKey(bstr(keyBytes, 75, 75, 'cose_key'));
  need(message.kid === key.kid, 'kid of the request is not that of its key');
  return { message, ueid: ueidOf(ueid), key, keyTier };
}
