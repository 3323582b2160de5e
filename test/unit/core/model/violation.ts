/** A rule of semantics, section 8, that does not hold. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly rule: string;
  constructor(rule: string, message: string) {
    super(`${rule}: ${message}`);
    this.rule = rule;
  }
}
