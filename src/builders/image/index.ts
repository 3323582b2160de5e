import type { Builder } from "../../engine/ports/driver.ts";
import { acts } from "./build.ts";
import { examine } from "./examine.ts";
import { schema } from "./schema.ts";

export const builder: Builder = { ...acts, schema, examine };
