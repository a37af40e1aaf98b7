// Compiles the contract named as argument with the pinned compiler and prints {abi, bytecode, settings}.
// London has no opcode that a consortium chain of 2021 lacks; optimised for calls, of which there are many.
const fs = require("fs");
const path = require("path");
const solc = require(path.join(process.argv[2], "node_modules", "solc"));
const source = process.argv[3];
const name = path.basename(source, ".sol");
const settings = {
  evmVersion: "london",
  metadata: { bytecodeHash: "none", appendCBOR: false },
  optimizer: { enabled: true, runs: 1000000 },
};
const input = {
  language: "Solidity",
  sources: { [name]: { content: fs.readFileSync(source, "utf8") } },
  settings: { ...settings, outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
const problems = output.errors || [];
if (problems.length) {
  process.stderr.write(problems.map((problem) => problem.formattedMessage).join("\n"));
  process.exit(1);
}
const { abi, evm } = output.contracts[name][name];
const artefact = { contract: name, compiler: solc.version(), settings, abi, bytecode: "0x" + evm.bytecode.object };
process.stdout.write(JSON.stringify(artefact, null, 1) + "\n");
