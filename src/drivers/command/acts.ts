import type { Driver } from "../../engine/ports/driver.ts";
import { apply } from "./apply.ts";
import { observe } from "./observe.ts";
import { render } from "./render.ts";

/** The driver but for its schema, which an attempt's process does not load. Whether a target can be observed is its config's to say. */
export const acts: Omit<Driver, "schema"> = { name: "command", capabilities: { observe: true, resume: false }, render, apply, observe };
