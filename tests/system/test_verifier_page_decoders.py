"""The page's decoders, judged by the vectors of single items, requests, entries, columns and messages.

Its scripts are run in the browser without the part that makes a page of them, so that their functions can be called.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.system.verifier_page import Page
from tests.vectors.load import load

from voltseal.verifier_page import build

_JUDGES = """
const judges = {
  cbor: ({ item }) => decodeCbor(bytesOfHex(item)),
  entry: ({ bytes }) => {
    const raw = bytesOfHex(bytes);
    return raw[0] === STATEMENT_BYTE ? parseStatement(raw) : parseEvent(raw);
  },
  enrolment: async ({ bytes }, { origin }) => {
    const request = await parseRequest(bytesOfHex(bytes));
    await verifySign1(request.sign1, request.key, "enrolment", origin);
  },
  endorsement: async ({ bytes }, { origin, makers }) => {
    const { sign1, request } = await parseEndorsement(bytesOfHex(bytes));
    await verifySign1(request.sign1, request.key, "enrolment", origin);
    for (const one of makers) {
      const maker = await publicKeyOf(bytesOfHex(one));
      if (maker.kid === sign1.kid) return verifySign1(sign1, maker, "endorsement", origin);
    }
    return "unknown-maker";
  },
  disclosure: async ({ commitment, column_count: count, shown, nodes }) => {
    const leaf = ({ index, salt, column }) => [BigInt(index), leafHash(bytesOfHex(salt + column))];
    const root = await rootOfMultiProof(shown.map(leaf), BigInt(count), nodes.map(bytesOfHex));
    if (hex(root) !== commitment) throw new BadProof("another root");
  },
  message: async ({ payload }) => {
    const reader = new CborReader(bytesOfHex(payload));
    const [major, count] = reader.head();
    if (major !== 4 || (count !== 1 && count !== 3)) throw new Malformed("not a message");
    const statement = await parseStatement(expectBytes(reader.item(), "statement", 1, MAX_INT));
    if ((statement.recordType === TELEMETRY) !== (count === 3)) throw new Malformed("wrong number of elements");
    if (count === 1) return reader.end();
    const seed = expectBytes(reader.item(), "seed", 16);
    const columns = reader.bytes.subarray(reader.at);
    if (columns.length > 12288) throw new Malformed("columns too long");
    openDisclosure({ seed, columns }, statement);
    return undefined;
  },
};
const judge = async (kind, input, file) => {
  try {
    return (await judges[kind](input, file)) === "unknown-maker" ? "unknown-maker" : "ok";
  } catch (error) {
    if (error instanceof Malformed) return "malformed";
    if (error instanceof BadSignature) return "bad-signature";
    return error instanceof BadProof ? "bad-commitment" : String(error);
  }
};
const [kind, file, inputs, done] = GIVEN;
Promise.all(inputs.map((input) => judge(kind, input, file))).then(done);
"""
# The page need not tell these apart: no version of it could judge what is one of them.
_SAME_TO_THE_PAGE = {"unsupported": "malformed", "oversize": "malformed"}
_FORM = {"malformed", "unsupported", "oversize"}


def judged(page: Page, kind: str, file: dict[str, Any]) -> list[str]:
    """What the page's functions make of each vector of a file."""
    page.open()
    functions = "\n".join((build.SOURCES / f"{name}.js").read_text() for name in build.SCRIPTS if name != "app")
    constants = f"const GIVEN = arguments, SCHEMAS = {json.dumps(build.schema_table())};\n"
    common = {name: value for name, value in file.items() if name in {"origin", "makers"}}
    if "makers" in common:
        common["makers"] = [maker["cose_key"] for maker in common["makers"]]
    inputs = [vector["input"] for vector in file["vectors"]]
    outcomes: list[str] = page.driver.execute_async_script(constants + functions + _JUDGES, kind, common, inputs)
    return outcomes


@pytest.mark.parametrize("kind", ["cbor", "entry", "enrolment", "endorsement", "disclosure"])
def test_vectors(page: Page, kind: str) -> None:
    file = load(kind)
    expected = [_SAME_TO_THE_PAGE.get(vector["expect"], vector["expect"]) for vector in file["vectors"]]
    names = [vector["name"] for vector in file["vectors"]]
    assert dict(zip(names, judged(page, kind, file), strict=True)) == dict(zip(names, expected, strict=True))


def test_form_of_messages(page: Page) -> None:
    """Statements, claims, lost ranges and columns: what is malformed is refused, and nothing else is."""
    file = load("message")
    names = [vector["name"] for vector in file["vectors"]]
    expected = ["malformed" if vector["expect"] in _FORM else "ok" for vector in file["vectors"]]
    assert dict(zip(names, judged(page, "message", file), strict=True)) == dict(zip(names, expected, strict=True))
