// How a check says no. Codes are those of docs/spec/verification.md; the step's number is added by the runner.

/** A check that failed: the bundle is invalid. */
export class Refusal extends Error {
  constructor(code, reason) {
    super(reason);
    this.code = code;
  }
}

/** Bytes that do not have the form the specification gives them. Whoever decodes decides which code this becomes. */
export class Malformed extends Error {}

/** Refuse with Malformed unless `condition` holds. */
export function need(condition, reason) {
  if (!condition) throw new Malformed(reason);
}

/** Run `decode`; what it finds malformed ends the run with `code`. */
export function orRefuse(code, decode) {
  try {
    return decode();
  } catch (error) {
    if (error instanceof Malformed) throw new Refusal(code, error.message);
    throw error;
  }
}
