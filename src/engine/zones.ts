import type { Zones } from "../core/config/config.ts";

/** Those of the IANA database that this Node has, under their older names too; fixed offsets are none. */
export const hostZones: Zones = {
  has(name) {
    if (!/^[A-Za-z]/.test(name)) return false;
    try {
      return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
    } catch {
      return false;
    }
  },
  names: () => ["UTC", ...Intl.supportedValuesOf("timeZone")],
};
