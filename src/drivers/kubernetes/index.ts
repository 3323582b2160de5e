import type { Driver } from "../../engine/ports/driver.ts";
import { acts } from "./acts.ts";
import { schema } from "./schema.ts";

export const driver: Driver = { ...acts, schema };
