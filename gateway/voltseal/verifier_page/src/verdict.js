// Step 10: the verdict, with the members that `voltseal verify --json` gives it; and what the page draws beside it.

/** Precondition: no step failed and nothing was lacking. */
function verdictOf(run) {
  const { bundle, statements } = run;
  const keys = keyFindings(run);
  const time = timeBounds(run);
  const disclosure = disclosureFinding(statements);
  return {
    device: bundle.claim.device,
    digest: hex(run.digest),
    keys,
    inclusion: inclusionFinding(run),
    completeness: run.completeness,
    anchors: run.anchors,
    time,
    firmware: firmwareFindings(run),
    disclosure,
    not_proven: notProven(run, keys, time, disclosure),
  };
}

/** The keys under which statements of the bundle were made, in order of enrolment. */
function keyFindings({ periods, statements }) {
  return [...periods].map(([kid, { index, endorsement, request, maker, revocation, rotation }]) => {
    const own = statements.filter((statement) => statement.kid === kid);
    const after = own.filter((one) => revocation && one.timeQuality > 0 && one.index > revocation.index);
    return {
      kid,
      maker: maker.name,
      maker_kid: maker.key.kid,
      key_tier: request.keyTier,
      device_class: request.deviceClass,
      hwmodel: request.hwmodel,
      not_before_ms: endorsement.notBeforeMs,
      enrolled_index: index,
      revoked_from_ms: revocation?.effectiveMs ?? null,
      revocation_index: revocation?.index ?? null,
      revocation_reason: revocation?.reason ?? null,
      rotation_index: rotation?.index ?? null,
      succeeded_by: rotation?.successor ?? null,
      statements: own.length,
      after_revocation: after.length,
    };
  }).filter((key) => key.statements > 0);
}

function inclusionFinding(run) {
  const { entries } = run.bundle;
  return {
    origin: run.checkpoint.origin,
    ...treeFinding(run),
    entries: entries.length,
    first_index: entries[0].index,
    last_index: entries.at(-1).index,
    newer: run.newer ? treeFinding(run.newer) : null,
  };
}

function treeFinding({ checkpoint, logLine, cosignatures }) {
  return {
    tree_size: Number(checkpoint.treeSize),
    root_hash: hex(checkpoint.root),
    log_key: logLine.id,
    witnesses: cosignatures.map(({ name }) => name),
  };
}

/** A witness's time is in whole seconds: the checkpoint existed at the latest when that second ended. */
function timeBounds({ statements, cosignatures, anchors }) {
  const bounds = cosignatures.map(({ timeS, name }) => [Number(timeS) * 1000 + 999, `witness ${name}`]);
  for (const { status, time_ms, backend, key } of anchors) {
    if (status === "verified") bounds.push([time_ms, `${backend} ${key}`]);
  }
  bounds.sort(([timeA, whoA], [timeB, whoB]) => timeA - timeB || (whoA < whoB ? -1 : 1));
  const [notAfterMs, notAfterBy] = bounds[0] ?? [null, null];
  const known = statements.filter(({ timeQuality }) => timeQuality > 0);
  const most = (values) => (values.length > 0 ? values.reduce((a, b) => Math.max(a, b)) : null);
  const latestStart = most(known.map(({ timeMs, uncertaintyMs }) => Math.max(0, timeMs - uncertaintyMs)));
  const qualities = {};
  TIME_QUALITIES.forEach((name, quality) => {
    const count = statements.filter(({ timeQuality }) => timeQuality === quality).length;
    if (count > 0) qualities[name] = count;
  });
  return {
    not_after_ms: notAfterMs,
    not_after_by: notAfterBy,
    device_first_ms: known.length > 0 ? -most(known.map(({ timeMs }) => -timeMs)) : null,
    device_last_ms: most(known.map(({ timeMs }) => timeMs)),
    device_uncertainty_ms: most(known.map(({ uncertaintyMs }) => uncertaintyMs)),
    qualities,
    disagreement: notAfterMs !== null && latestStart !== null && latestStart > notAfterMs,
  };
}

/** Each firmware that boot statements name, by measurement, name and version. */
function firmwareFindings({ statements, trust }) {
  const found = new Map();
  for (const { boot } of statements) {
    if (!boot) continue;
    const { measurement, swname, swversion } = boot;
    const identity = JSON.stringify([measurement, swname, swversion]);
    const known = trust.firmware.find((one) => one.measurement === measurement);
    const status = known?.status ?? "unknown";
    const first = { measurement, name: swname, version: swversion, status, known_as: known?.name ?? null, boots: 0 };
    if (!found.has(identity)) found.set(identity, first);
    found.get(identity).boots += 1;
  }
  const order = (a, b) => (a < b ? -1 : Number(a > b));
  return [...found.values()].sort((a, b) => (
    order(a.measurement, b.measurement) || order(a.name, b.name) || order(a.version, b.version)
  ));
}

/** Which columns are shown, with their bounds, and which no statement shows. */
function disclosureFinding(statements) {
  const telemetry = statements.filter(({ recordType }) => recordType === TELEMETRY);
  const finding = { full: 0, partial: 0, none: 0, shown: [], hidden: [] };
  for (const { values, entry } of telemetry) {
    if (!values) finding.none += 1;
    else if (entry.disclosure.seed) finding.full += 1;
    else finding.partial += 1;
  }
  const schemas = [...new Set(telemetry.map(({ schema }) => schema))].sort((a, b) => a - b);
  for (const number of schemas) {
    const { name: schema, fields } = SCHEMAS[number];
    const own = telemetry.filter((statement) => statement.schema === number);
    fields.forEach(({ name }, column) => {
      const showing = inOrder(own.filter(({ values }) => values?.has(column)));
      if (showing.length > 0) finding.shown.push({ schema, name, ...columnBounds(showing, column) });
      else finding.hidden.push(name);
    });
  }
  return finding;
}

/** `showing`: in order of number. First and last are by number, and are values that are present. */
function columnBounds(showing, column) {
  const nothing = { first: null, last: null, minimum: null, maximum: null };
  const bounds = { statements: showing.length, readings: 0, absent: 0, ...nothing };
  for (const { values } of showing) {
    for (const value of values.get(column)) {
      bounds.readings += 1;
      if (value === null) {
        bounds.absent += 1;
        continue;
      }
      bounds.first ??= value;
      bounds.last = value;
      bounds.minimum = Math.min(bounds.minimum ?? value, value);
      bounds.maximum = Math.max(bounds.maximum ?? value, value);
    }
  }
  return bounds;
}

function notProven({ cosignatures }, keys, time, disclosure) {
  const open = ["sensor-truth"];
  if (cosignatures.length === 0) open.push("same-tree-for-all");
  open.push("later-statements", "other-events", "second-statements");
  if (disclosure.partial > 0 || disclosure.none > 0) open.push("hidden-columns");
  if (time.not_after_ms === null) open.push("time");
  if (keys.some((key) => key.key_tier === "software")) open.push("extractable-key");
  return open;
}

/** What the page draws: statements in order of number, with the values they show. */
function viewOf({ bundle, statements, text }) {
  return { madeBy: bundle.madeBy, claim: bundle.claim, bytes: text.length, statements: inOrder(statements) };
}
