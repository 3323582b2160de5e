/** Why a registry could not tell. `unreachable`: it may be able to another time; `login`: it wants another one, or more rights; `odd`: it answered what no registry does. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly code: "unreachable" | "login" | "odd";
  constructor(code: RegistryError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
