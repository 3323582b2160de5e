/** Writes what follows from the API's schemas: `openapi.json` and the client's types. With `--check` it changes nothing and fails where they are stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { format, type FormatConfig } from "oxfmt";
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import { openApiDocument } from "../src/contract/document.ts";

const document = `${JSON.stringify(openApiDocument(), null, 2)}\n`;
// A default makes a field optional to send, which the client's types must allow.
const types = astToString(await openapiTS(JSON.parse(document) as OpenAPI3, { alphabetize: true, defaultNonNullable: false }));
const files = {
  "openapi.json": document,
  "api.gen.ts": `// Written by tools/generate.ts from the schemas in this folder.\n${types}`,
};

const settings = JSON.parse(readFileSync(new URL("../.oxfmtrc.json", import.meta.url), "utf8")) as FormatConfig;

const check = process.argv.includes("--check");
for (const [name, text] of Object.entries(files)) {
  const file = new URL(`../src/contract/${name}`, import.meta.url);
  const { code: wanted } = await format(name, text, settings);
  if (!check) writeFileSync(file, wanted);
  else if (read(file) !== wanted) {
    console.error(`src/contract/${name} is not what the schemas say: npm run gen`);
    process.exitCode = 1;
  }
}

function read(file: URL): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
