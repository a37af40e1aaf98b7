// Registry events, endorsements, enrolment requests, and a key's history (docs/spec/entries.md, enrolment.md).

const ENROL = 1;
const REVOKE = 2;
const ROTATE = 3;
const DEVICE_CLASSES = ["bms", "tbox", "inverter"];

/** A registry event; its endorsement is not looked into here. */
function parseEvent(raw) {
  const [type, timeMs, ueid, body] = expectArray(decodeCbor(raw), "registry event", 4);
  const event = {
    type: expectUint(type, "event_type", ENROL, ROTATE),
    timeMs: expectUint(timeMs, "time_ms"),
    ueid: expectUeid(ueid),
  };
  if (event.type === ENROL) return { ...event, endorsement: expectBytes(body, "endorsement", 1, 65_535) };
  if (event.type === ROTATE) {
    const [endorsement, consent] = expectArray(body, "rotation", 2);
    return {
      ...event,
      endorsement: expectBytes(endorsement, "endorsement", 1, 65_535),
      consent: expectBytes(consent, "consent", 1, 65_535),
    };
  }
  const [kid, effectiveMs, reason] = expectArray(body, "revocation", 3);
  return {
    ...event,
    kid: hex(expectBytes(kid, "kid", 8)),
    effectiveMs: expectUint(effectiveMs, "effective_ms"),
    reason: expectText(reason, "reason"),
  };
}

/** The endorsement and the request inside it, both well-formed; no signature verified. */
async function parseEndorsement(raw) {
  const sign1 = parseSign1(raw);
  const [version, request, notBeforeMs, makerName] = expectArray(decodeCbor(sign1.payload), "endorsement", 4);
  expectUint(version, "version of the endorsement", 1, 1);
  return {
    sign1,
    notBeforeMs: expectUint(notBeforeMs, "not_before_ms"),
    makerName: expectText(makerName, "maker_name"),
    request: await parseRequest(expectBytes(request, "request", 1, 65_535)),
  };
}

async function parseRequest(raw) {
  const sign1 = parseSign1(raw);
  const items = expectArray(decodeCbor(sign1.payload), "enrolment request", 7);
  const [version, ueid, coseKey, deviceClass, hwmodel, tier, nonce] = items;
  expectUint(version, "version of the enrolment request", 1, 1);
  const request = {
    sign1,
    ueid: expectUeid(ueid),
    key: await publicKeyOf(expectBytes(coseKey, "cose_key", COSE_KEY_BYTES)),
    deviceClass: expectText(deviceClass, "device_class"),
    hwmodel: hex(expectBytes(hwmodel, "hwmodel", 1, 32)),
    keyTier: KEY_TIERS[expectUint(tier, "key_tier", 1, 3)],
  };
  expectBytes(nonce, "nonce", 0, 64);
  if (!DEVICE_CLASSES.includes(request.deviceClass)) throw new Malformed("device_class is not a known one");
  if (sign1.kid !== request.key.kid) throw new Malformed("kid is not that of the key in the request");
  return request;
}

/**
 * Step 5 for one entry: `periods` (of keys, by kid) grows by an enrolment or ends one by a revocation. Returns whom the
 * trust file lacks (key and the name it gives itself), or null. Throws `Invalid`.
 */
async function judgeEvent(entry, bundle, trust, periods) {
  const { origin, claim } = bundle;
  const judge = new Judge(5, "malformed-entry", "bad-endorsement", entry.index);
  const event = await judge.let(() => parseEvent(entry.raw));
  if (event.ueid !== claim.device) throw judge.invalid("foreign-entry", "an event of another device");
  if (event.type === REVOKE) {
    const period = periods.get(event.kid);
    const detail = "revokes a key that is not enrolled, or is revoked already";
    if (!period || period.revocation) throw judge.invalid("bad-key-history", detail);
    period.revocation = { index: entry.index, effectiveMs: event.effectiveMs, reason: event.reason };
    return null;
  }
  const consent = event.type === ROTATE ? await judge.let(() => parseSign1(event.consent)) : null;
  const endorsement = await judge.let(() => parseEndorsement(event.endorsement));
  const { request, sign1 } = endorsement;
  await judge.let(() => verifySign1(request.sign1, request.key, "enrolment", origin));
  if (request.ueid !== claim.device) throw judge.invalid("foreign-entry", "an endorsement of another device");
  const maker = trust.maker.find((one) => one.key.kid === sign1.kid) ?? null;
  if (maker) await judge.let(() => verifySign1(sign1, maker.key, "endorsement", origin));
  const old = consent ? periods.get(consent.kid) : null;
  if (consent && (!old || old.revocation || old.rotation)) {
    throw judge.invalid("bad-key-history", "a rotation is signed by a key that is not active");
  }
  if (periods.has(request.key.kid)) throw judge.invalid("bad-key-history", "a key is enrolled twice");
  if (consent) {
    await judgeConsent(consent, request, old, entry, origin);
    old.rotation = { index: entry.index, fromMs: endorsement.notBeforeMs, successor: request.key.kid };
  }
  periods.set(request.key.kid, { index: entry.index, endorsement, request, maker, revocation: null, rotation: null });
  return maker ? null : `${sign1.kid} (calls itself ${endorsement.makerName})`;
}

/** The old key's consent to the new one. */
async function judgeConsent(consent, request, old, entry, origin) {
  const judge = new Judge(5, "bad-rotation", "bad-rotation", entry.index);
  const sameRequest = equalBytes(consent.payload, request.sign1.raw);
  if (!sameRequest) throw judge.invalid("bad-rotation", "the consent is to another request");
  await judge.let(() => verifySign1(consent, old.request.key, "rotation", origin));
}
