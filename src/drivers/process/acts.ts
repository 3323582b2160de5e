import type { Driver } from "../../engine/ports/driver.ts";
import { apply } from "./apply.ts";
import { observe } from "./observe.ts";
import { render } from "./render.ts";
import { resume } from "./resume.ts";

/** The driver but for its schema, which an attempt's process does not load. */
export const acts: Omit<Driver, "schema"> = {
  name: "process",
  capabilities: { observe: true, resume: true },
  render,
  apply,
  observe,
  resume,
};
