// What forge needs of a native compiler, answered by the one from npm: --version, and --standard-json on standard input.
const path = require("path");
const solc = require(path.join(process.env.VOLTSEAL_CHAIN_TOOLS, "node_modules", "solc"));
if (process.argv.includes("--version")) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else {
  process.stdout.write(solc.compile(require("fs").readFileSync(0, "utf8")));
}
