import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** The package's own files. The same places seen from `src/app/` and from `dist/app/`. */
export const PACKAGE = fileURLToPath(new URL("../../", import.meta.url));
export const WEB_ROOT = fileURLToPath(new URL("../../dist/web/", import.meta.url));
/** The program of an attempt's process: source beside source, built beside built. */
export const ATTEMPT_RUNNER = fileURLToPath(new URL(`./attempt${extname(import.meta.url)}`, import.meta.url));

/** The product's version. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return z.object({ version: z.string() }).parse(manifest).version;
}
