import type { Driver } from "../../engine/ports/driver.ts";

/** The driver but for its schema, which an attempt's process does not load. Each act comes when it is asked for: a verify needs no more than a look. */
export const acts: Omit<Driver, "schema"> = {
  name: "helm",
  capabilities: { observe: true, resume: false },
  render: async (input, context) => (await import("./render.ts")).render(input, context),
  apply: async (input, context) => (await import("./apply.ts")).apply(input, context),
  observe: async (input, context) => (await import("./observe.ts")).observe(input, context),
  compare: async (input, context) => (await import("./compare.ts")).compare(input, context),
  wayBack: async (input, context) => (await import("./way-back.ts")).wayBack(input, context),
  examine: async (targets, context) => (await import("./examine.ts")).examine(targets, context),
};
