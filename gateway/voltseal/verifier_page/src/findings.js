// The report's cards on keys, time, anchors, firmware, limits and technical details.

function keysCard({ keys, firmware }) {
  const items = keys.map((key) => {
    const lines = [
      el("span", {}, say("keys.signed", { count: number(key.statements), kid: key.kid })),
      el("small", {}, say("keys.endorsed", { maker: harmless(key.maker), from: when(key.not_before_ms) })),
      el("small", {}, say("keys.tier", { tier: say(`tier.${key.key_tier}`) })),
    ];
    if (key.revoked_from_ms !== null) {
      const revoked = { from: when(key.revoked_from_ms), reason: harmless(key.revocation_reason) };
      lines.push(el("div", {}, badge("warn", say("keys.revoked", revoked))));
    }
    if (key.succeeded_by !== null) lines.push(el("small", {}, say("keys.succeeded", { kid: key.succeeded_by })));
    const after = say("keys.after", { count: number(key.after_revocation) });
    if (key.after_revocation > 0) lines.push(el("small", {}, after));
    return el("li", {}, lines);
  });
  const list = items.length > 0 ? el("ul", { class: "plain" }, items) : el("p", {}, say("keys.none"));
  return card(say("keys.title"), { id: "keys" }, list, el("h3", {}, say("firmware.title")), firmwareList(firmware));
}

function firmwareList(firmware) {
  if (firmware.length === 0) return el("p", {}, say("firmware.none"));
  const kinds = { known: "good", revoked: "bad", unknown: "open" };
  return el("ul", { class: "plain" }, firmware.map(({ name, version, boots, status, known_as: knownAs }) => {
    const words = { name: harmless(name), version: harmless(version), boots: number(boots) };
    const known = say(`firmware.${status}`, { name: harmless(knownAs ?? "") });
    return el("li", {}, say("firmware.row", words), " ", badge(kinds[status], known));
  }));
}

function timeCard({ time, anchors, inclusion }) {
  const lines = [];
  if (time.device_first_ms === null) {
    lines.push(say("facts.no-clock"));
  } else {
    const ends = { first: when(time.device_first_ms), last: when(time.device_last_ms) };
    lines.push(say("time.device", { ...ends, uncertainty: number(time.device_uncertainty_ms) }));
  }
  const sources = Object.entries(time.qualities).map(([name, count]) => (
    say("time.quality.count", { quality: say(`quality.${name}`), count: number(count) })
  ));
  if (sources.length > 0) lines.push(say("time.quality", { qualities: sources.join(", ") }));
  const bound = time.not_after_ms !== null && { time: when(time.not_after_ms), who: who(time.not_after_by) };
  lines.push(bound ? say("time.not-after", bound) : say("time.no-bound"));
  const paragraphs = lines.map((line) => el("p", {}, line));
  if (time.disagreement) paragraphs.push(el("p", {}, badge("bad", "!"), " ", say("time.disagreement")));
  if (inclusion.witnesses.length > 0) {
    paragraphs.push(el("p", {}, say("witnesses", { names: harmless(inclusion.witnesses.join(", ")) })));
  }
  const anchored = [el("h3", {}, say("anchors.title")), anchorsList(anchors)];
  return card(say("time.title"), { id: "time" }, ...paragraphs, ...anchored);
}

/** Each anchor with how strong it is: what was not checked has no strength of its own. */
function anchorsList(anchors) {
  if (anchors.length === 0) return el("p", {}, say("anchors.none"));
  return el("ul", { class: "plain" }, anchors.map(({ backend, key, strength, status, time_ms: timeMs }) => {
    const words = { backend: harmless(backend), key: harmless(key ?? ""), time: timeMs === null ? "" : when(timeMs) };
    if (status === "verified") {
      const strong = badge("warn", say(`strength.${strength}`));
      return el("li", {}, say("anchors.verified", words), " ", strong, el("small", {}, say("anchors.weak-words")));
    }
    const claim = say("strength.claimed", { strength: harmless(strength) });
    const claimed = strength === "weak" ? null : el("small", {}, claim);
    return el("li", {}, say("anchors.not-checked", words), " ", badge("open", say("strength.unchecked")), claimed);
  }));
}

function limitsCard({ not_proven: open }) {
  const items = open.map((code) => el("li", {}, say(`not-proven.${code}`)));
  return card(say("not-proven.title"), { id: "not-proven" }, el("ul", { class: "limits" }, items));
}

function technicalCard(verdict, view) {
  const { inclusion, firmware } = verdict;
  const mono = (text) => el("span", { class: "mono" }, harmless(text));
  const { tree_size: size, entries: held, first_index: first, last_index: last } = inclusion;
  const tree = { size: number(size), entries: number(held), first, last };
  const entries = [
    [say("technical.digest"), mono(verdict.digest)],
    [say("technical.log-key"), mono(inclusion.log_key)],
    [say("technical.root"), mono(inclusion.root_hash)],
    [say("technical.tree"), say("technical.tree.value", tree)],
    [say("technical.made-by"), harmless(view.madeBy.software)],
    [say("technical.size"), fileSize(view.bytes)],
  ];
  const measurements = firmware.map(({ measurement }) => el("div", {}, mono(measurement)));
  if (firmware.length > 0) entries.splice(4, 0, [say("technical.measurement"), measurements]);
  const list = descriptions({ class: "technical" }, entries);
  const title = el("summary", {}, say("technical.title"));
  return el("section", { class: "card" }, el("details", { class: "printed" }, title, list));
}
