import type { Driver } from "../../engine/ports/driver.ts";

/** The driver but for its schema. Each act is loaded when it is asked for: a verify needs nothing of what renders. */
export const acts: Omit<Driver, "schema"> = {
  name: "kubernetes",
  capabilities: { observe: true, resume: false },
  render: async (input, context) => await (await import("./render.ts")).render(input, context),
  apply: async (input, context) => await (await import("./apply.ts")).apply(input, context),
  observe: async (input, context) => await (await import("./observe.ts")).observe(input, context),
  compare: async (input, context) => await (await import("./compare.ts")).compare(input, context),
  wayBack: async (input, context) => await (await import("./way-back.ts")).wayBack(input, context),
  examine: async (targets, context) => await (await import("./examine.ts")).examine(targets, context),
};
