#!/usr/bin/env node
// Second verifier of Voltseal evidence bundles, written from docs/spec/ alone. Node 20.15 or newer, no packages.
//
//   node verify.mjs BUNDLE --trust TRUST.toml [--json]     exit 0 valid, 1 invalid, 2 could not check (or misused)
//   node verify.mjs --batch FILE    FILE: JSON [{bundle: base64, trust: text}]; writes a JSON line for each

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { utf8 } from './encodings.mjs';
import { Malformed } from './refusal.mjs';
import { verify } from './steps.mjs';
import { readTrust, TrustError } from './trust.mjs';

const EXIT = { valid: 0, invalid: 1, 'could-not-check': 2 };
const USAGE = 'usage: verify.mjs BUNDLE --trust TRUST.toml [--json] | --batch FILE';

class Misuse extends Error {}

function readFile(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Misuse(`${path}: ${error.code === 'ERR_FS_FILE_TOO_LARGE' ? 'more than 2 GiB' : error.message}`);
  }
}

function main(args) {
  const options = { trust: { type: 'string' }, json: { type: 'boolean' }, batch: { type: 'string' } };
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  if (values.batch !== undefined) return batch(values.batch);
  if (positionals.length !== 1 || values.trust === undefined) throw new Misuse(USAGE);
  const trust = readTrust(utf8(readFile(values.trust)));
  const outcome = verify(readFile(positionals[0]), trust);
  console.log(values.json ? JSON.stringify(outcome) : inWords(outcome));
  return EXIT[outcome.result];
}

function batch(path) {
  for (const { bundle, trust } of JSON.parse(utf8(readFile(path)))) {
    console.log(JSON.stringify(judged(Buffer.from(bundle, 'base64'), trust)));
  }
  return 0;
}

function judged(bundle, trust) {
  try {
    return verify(bundle, readTrust(trust));
  } catch (error) {
    if (error instanceof TrustError) return { result: 'bad-trust-file', reason: error.message };
    throw error;
  }
}

function inWords({ result, step, code, reason, verdict }) {
  const lines = [code ? `${result}: step ${step}: ${code}: ${reason}` : result];
  if (verdict) lines.push(JSON.stringify(verdict, null, 2));
  return lines.join('\n');
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof Misuse || error instanceof TrustError || error instanceof Malformed;
  if (!expected && error.code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw error;
  console.error(error.message);
  process.exitCode = 2;
}
