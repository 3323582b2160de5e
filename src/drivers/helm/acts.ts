import type { Driver } from "../../engine/ports/driver.ts";
import { apply } from "./apply.ts";
import { observe } from "./observe.ts";

/** The driver but for its schema, which an attempt's process does not load. What only the server asks of it comes when it is asked. */
export const acts: Omit<Driver, "schema"> = {
  name: "helm",
  capabilities: { observe: true, resume: false },
  render: async (input, context) => (await import("./render.ts")).render(input, context),
  apply,
  observe,
  compare: async (input, context) => (await import("./compare.ts")).compare(input, context),
  wayBack: async (input, context) => (await import("./way-back.ts")).wayBack(input, context),
};
