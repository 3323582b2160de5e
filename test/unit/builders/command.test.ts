import { expect, test } from "vitest";
import { builder } from "../../../src/builders/command/index.ts";
import { contextOf, inputOf, temporaryDirectory } from "./rig.ts";

const digest = `sha256:${"ab".repeat(32)}`;
const build = (source: string) =>
  builder.build(inputOf(temporaryDirectory(), { run: ["node", "-e", source] }), contextOf(temporaryDirectory()));

test.each([
  ["writes it", `fs.writeFileSync(process.env.SLUICE_OUTPUT, "other=1\\ndigest=${digest}\\n")`],
  ["writes a reference", `fs.writeFileSync(process.env.SLUICE_OUTPUT, "digest=registry.example/harbor@${digest}")`],
  ["prints it", `console.log("sha256:${"00".repeat(32)}"); console.log("pushed registry.example/harbor@${digest}")`],
])("the digest is taken where the command %s", async (_, source) => {
  expect(await build(source)).toEqual({ digest });
});

test.each([
  ["says none", `console.log("done, sha256:abc")`, /said no digest/],
  ["writes none", `fs.writeFileSync(process.env.SLUICE_OUTPUT, "digest=latest"); console.log("${digest}")`, /wrote no line/],
  ["fails", `process.exit(2)`, /Command failed/],
])("a command that %s is an error", async (_, source, message) => {
  await expect(build(source)).rejects.toThrow(message);
});
