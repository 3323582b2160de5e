import type { Builder } from "../../engine/ports/driver.ts";
import { acts } from "./build.ts";
import { schema } from "./schema.ts";

export const builder: Builder = { ...acts, schema };
