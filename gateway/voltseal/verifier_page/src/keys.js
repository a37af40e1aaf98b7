// Keys and signatures: P-256 (docs/spec/enrolment.md) and Ed25519, verified by WebCrypto.

const P256_FIELD = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn; // SEC 2, section 2.4.2
const P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const COSE_KEY_BYTES = 75;
const COSE_KEY_HEAD = bytesOfHex("a401022001215820");
const COSE_KEY_Y = bytesOfHex("225820");

/** x^3 - 3x + b, what y^2 has to be. */
function curveSide(x) {
  return (((x * x - 3n) * x + P256_B) % P256_FIELD + P256_FIELD) % P256_FIELD;
}

/** Whether a point of P-256 has this x: Euler's criterion. */
function isCurveX(x) {
  let base = curveSide(x);
  let result = 1n;
  for (let exponent = (P256_FIELD - 1n) / 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % P256_FIELD;
    base = (base * base) % P256_FIELD;
  }
  return result === 1n || result === 0n;
}

/** Check a SEC 1 compressed point, 33 bytes. */
function expectCompressedPoint(item, name) {
  const bytes = expectBytes(item, name, 33);
  const x = bigEndian(bytes.subarray(1));
  if ((bytes[0] !== 2 && bytes[0] !== 3) || x >= P256_FIELD || !isCurveX(x)) {
    throw new Malformed(`${name}: not a compressed P-256 point`);
  }
  return bytes;
}

/** A public key from its 75 bytes `{1: 2, -1: 1, -2: x, -3: y}`: `kid` in hex, and the point for WebCrypto. */
async function publicKeyOf(raw) {
  const x = raw.subarray(8, 40);
  const y = raw.subarray(43);
  const formed = equalBytes(raw.subarray(0, 8), COSE_KEY_HEAD) && equalBytes(raw.subarray(40, 43), COSE_KEY_Y);
  if (raw.length !== COSE_KEY_BYTES || !formed) throw new Malformed("not a P-256 COSE_Key of 75 bytes");
  const [xNumber, yNumber] = [bigEndian(x), bigEndian(y)];
  const inField = xNumber < P256_FIELD && yNumber < P256_FIELD;
  if (!inField || (yNumber * yNumber) % P256_FIELD !== curveSide(xNumber)) {
    throw new Malformed("public key is not on the curve");
  }
  return { kid: hex((await sha256(raw)).subarray(0, 8)), point: concat(Uint8Array.of(4), x, y), imported: null };
}

/** Return if `signature` (r || s, low s) is the key's over `signed`; throws `BadSignature`. */
async function verifyP256(key, signature, signed) {
  const [r, s] = [bigEndian(signature.subarray(0, 32)), bigEndian(signature.subarray(32))];
  if (signature.length !== 64 || r < 1n || r >= P256_ORDER) throw new BadSignature("signature out of range");
  if (s < 1n || s > P256_ORDER / 2n) throw new BadSignature("s is out of range, or not low");
  const subtle = subtleCrypto();
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  key.imported ??= subtle.importKey("raw", key.point, algorithm, false, ["verify"]);
  if (!(await subtle.verify(algorithm, await key.imported, signature, signed))) {
    throw new BadSignature("signature does not verify");
  }
}

/** Return if `signature` is the 32-byte Ed25519 key's; throws `BadSignature`, or `Unsupported` in old browsers. */
async function verifyEd25519(publicKey, signature, signed) {
  if (signature.length !== 64) throw new BadSignature("signature is not 64 bytes");
  const subtle = subtleCrypto();
  let key;
  try {
    key = await subtle.importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    if (error.name === "DataError") throw new BadSignature("the key is no point of the curve");
    throw new Unsupported("this browser has no Ed25519");
  }
  if (!(await subtle.verify({ name: "Ed25519" }, key, signature, signed))) {
    throw new BadSignature("signature does not verify");
  }
}

const ORIGIN_FORM = /^[!-*,-~]{1,128}$/;

/** What binds a signature to its purpose and its log: the encoded [context, origin]. */
function externalAad(context, origin) {
  if (!ORIGIN_FORM.test(origin)) throw new Malformed("origin: not 1 to 128 printable characters without space and '+'");
  return concat(Uint8Array.of(0x82), encodeShortText(context), encodeShortText(origin));
}

const SIGN1_HEAD = bytesOfHex("d2844da201260448"); // tag 18, array of 4, protected header {1: -7, 4: bstr of 8}
const SIG_STRUCTURE_HEAD = concat(Uint8Array.of(0x84, 0x6a), utf8("Signature1"), Uint8Array.of(0x4d));

/** The one COSE_Sign1 of the profile in `raw`. Another `alg` is refused like any deviation: nobody can judge it. */
function parseSign1(raw) {
  if (!equalBytes(raw.subarray(0, 8), SIGN1_HEAD)) throw new Malformed("not a COSE_Sign1 of the profile");
  const reader = new CborReader(raw);
  reader.at = 16;
  if (reader.byte() !== 0xa0) throw new Malformed("unprotected header is not the empty map");
  const payload = expectBytes(reader.item(), "payload", 0, MAX_INT);
  const signature = expectBytes(reader.item(), "signature", 64);
  reader.end();
  return { raw, kid: hex(raw.subarray(8, 16)), protectedHeader: raw.subarray(3, 16), payload, signature };
}

/** Verify over the received bytes (RFC 9052, section 4.4). `context` is without its version prefix. */
function verifySign1(sign1, key, context, origin) {
  const aad = externalAad(`voltseal/1 ${context}`, origin);
  const { protectedHeader, payload } = sign1;
  const parts = [protectedHeader, byteStringHead(aad.length), aad, byteStringHead(payload.length), payload];
  return verifyP256(key, sign1.signature, concat(SIG_STRUCTURE_HEAD, ...parts));
}
