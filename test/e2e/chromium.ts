import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import sparticuz, { inflate } from "@sparticuz/chromium";
import { type Browser, chromium } from "playwright-core";

const PACKAGE = fileURLToPath(new URL("../../node_modules/@sparticuz/chromium/", import.meta.url));

/** The browser of the tests could not be started; the message says what it lacked. */
class NoBrowser extends Error {
  override readonly name = "NoBrowser";
}

/** The browser, or why there is none, for tests that are then skipped: a machine without one still runs the others. In CI there has to be one. */
export async function launchOrSay(): Promise<Browser | string> {
  try {
    return await launchChromium();
  } catch (error) {
    if (!(error instanceof NoBrowser) || process.env["CI"] === "true") throw error;
    console.warn(`skipped: ${error.message}`);
    return error.message;
  }
}

/** Starts the Chromium that `SLUICE_CHROMIUM` names, else the one that comes as an npm package. Rejects with `NoBrowser` where none starts. */
async function launchChromium(): Promise<Browser> {
  const own = process.env["SLUICE_CHROMIUM"];
  try {
    if (own) return await chromium.launch({ executablePath: own, args: sparticuz.args });
    const { executablePath, libraries } = await unpack();
    const env = { ...process.env, LD_LIBRARY_PATH: [libraries, process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(path.delimiter) };
    return await chromium.launch({ executablePath, args: sparticuz.args, env });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const why = /error while loading shared libraries: [^\n]*/.exec(message)?.[0] ?? message.split("\n")[0];
    throw new NoBrowser(`no Chromium starts: ${why}. Install the library, or set SLUICE_CHROMIUM to a browser of this machine`, {
      cause: error,
    });
  }
}

/**
 * The package unpacks into the temporary folder and takes whatever Chromium lies there, of any version: so it gets a folder of its own version.
 * With it come copies of libraries that slim machines lack (NSS, expat).
 */
async function unpack(): Promise<{ readonly executablePath: string; readonly libraries: string }> {
  const { version } = JSON.parse(readFileSync(path.join(PACKAGE, "package.json"), "utf8")) as { version: string };
  const folder = path.resolve(PACKAGE, `../../.cache/chromium-${version}`);
  mkdirSync(folder, { recursive: true });
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  try {
    const executablePath = await sparticuz.executablePath();
    const archive = path.join(PACKAGE, "bin/al2023.tar.br");
    const libraries = existsSync(archive) ? path.join(await inflate(archive), "lib") : "";
    return { executablePath, libraries };
  } finally {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  }
}
