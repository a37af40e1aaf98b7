// The page: takes files, runs the check, shows the result. All state is here, and nowhere but in memory.

const state = { bundle: null, trust: null, outcome: null, run: 0 };
const byId = (id) => document.getElementById(id);

/** All texts that do not depend on a result. */
function showTexts() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = `Voltseal \u00b7 ${say("title")}`;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
}

function showFiles() {
  for (const kind of ["bundle", "trust"]) {
    const file = state[kind];
    const name = file && (file.name ?? say("trust.pasted"));
    const words = file && { name: harmless(name), size: fileSize(file.bytes.length) };
    byId(`${kind}-chosen`).textContent = file ? say("file.bytes", words) : "";
    byId(`${kind}-zone`).classList.toggle("filled", file !== null);
  }
}

function showOutcome() {
  const place = byId("result");
  if (state.outcome === null) {
    place.replaceChildren();
    return;
  }
  const width = Math.max(260, Math.round(byId("progress").parentElement.clientWidth) - 82);
  const print = el("button", { type: "button" }, say("print"));
  print.addEventListener("click", () => window.print());
  place.replaceChildren(...report(state.outcome, state.trust !== null, width), el("div", { class: "actions" }, print));
}

function showAll() {
  showTexts();
  showFiles();
  showOutcome();
}

/** Said to who listens; once the result stands there, not shown a second time. */
function showProgress(text, isDone = false) {
  byId("progress").textContent = text;
  byId("progress").classList.toggle("done", isDone);
}

/** Check what is there. A run that was overtaken by another file says nothing any more. */
async function check() {
  state.run += 1;
  const run = state.run;
  state.outcome = null;
  showFiles();
  showOutcome();
  if (state.bundle === null) {
    showProgress("");
    return;
  }
  showProgress(say("progress.reading", { name: harmless(state.bundle.name) }));
  const onProgress = (done, total) => {
    if (run === state.run) showProgress(say("progress.checking", { done: number(done), total: number(total) }));
  };
  const outcome = await verifyFiles(state.bundle.bytes, state.trust?.bytes ?? null, onProgress);
  if (run !== state.run) return;
  state.outcome = outcome;
  showOutcome();
  showProgress(byId("verdict").querySelector("h2").textContent, true);
  byId("result").focus({ preventScroll: true });
  byId("result").scrollIntoView({ block: "start" });
}

/** As `verifyBundle`, with the trust file's bytes. */
async function verifyFiles(bundle, trust, onProgress) {
  let text = null;
  try {
    text = trust === null ? null : utf8Text(trust);
  } catch {
    text = "\u0000"; // refused by the parser as what it is: no text
  }
  return verifyBundle(bundle, text, onProgress);
}

/** A trust file is told from a bundle by its name, or else by its content. */
function kindOf(name, bytes) {
  if (/\.toml$/i.test(name)) return "trust";
  if (/\.(json|gz)$/i.test(name)) return "bundle";
  return bytes[0] === 0x7b || bytes[0] === 0x1f ? "bundle" : "trust";
}

/** Take files: `wanted` is bundle or trust, or null to tell by the file. */
async function take(files, wanted) {
  for (const file of files) {
    const limit = wanted === "trust" ? MAX_TRUST_BYTES : MAX_TEXT_BYTES;
    try {
      // A file beyond the limit is not read whole: one byte more than allowed shows what is wrong with it.
      const bytes = new Uint8Array(await file.slice(0, limit + 1).arrayBuffer());
      state[wanted ?? kindOf(file.name, bytes)] = { name: file.name, bytes };
    } catch {
      state.bundle = null;
      await check();
      state.outcome = { result: "could-not-check", step: 0, code: "unreadable", detail: file.name, steps: [] };
      showOutcome();
      return;
    }
  }
  await check();
}

function takePastedTrust() {
  const text = byId("trust-text").value;
  state.trust = text.trim() === "" ? null : { name: null, bytes: utf8(text) };
  check();
}

function acceptDrops() {
  const zoneOf = (event) => event.target.closest?.(".zone") ?? null;
  const mark = (zone) => {
    for (const one of document.querySelectorAll(".zone")) one.classList.toggle("over", one === zone);
  };
  document.addEventListener("dragover", (event) => {
    event.preventDefault(); // or the browser would open the file in place of this page
    mark(zoneOf(event));
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && mark(null));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(null);
    const { files } = event.dataTransfer;
    const zone = files.length === 1 ? zoneOf(event) : null;
    take([...files], zone && zone.id.replace("-zone", ""));
  });
}

function start() {
  for (const kind of ["bundle", "trust"]) {
    const input = byId(`${kind}-file`);
    input.addEventListener("change", async () => {
      await take([...input.files], kind);
      input.value = ""; // so that choosing the same file again, mended, is noticed
    });
  }
  byId("trust-text").addEventListener("change", takePastedTrust);
  byId("trust-text").addEventListener("paste", () => setTimeout(takePastedTrust));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      language = button.dataset.language;
      showAll();
    });
  }
  let shownWidth = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === shownWidth) return; // phones resize when their bars hide
    shownWidth = window.innerWidth;
    showOutcome();
  });
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("#result details.printed")) details.open = true;
  });
  acceptDrops();
  showAll();
}

/**
 * For batches and tests: `bundleBytes` a Uint8Array, `trustText` a string or null. Resolves to `{result, step, code,
 * detail, entry, steps, verdict}`, as docs/how-to/check-in-a-browser.md says.
 */
window.voltsealVerify = async (bundleBytes, trustText = null) => {
  const { view, ...outcome } = await verifyBundle(bundleBytes, trustText);
  return outcome;
};

start();
