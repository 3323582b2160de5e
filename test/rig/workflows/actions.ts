import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { TemplateToken as Token } from "@actions/workflow-parser/templates/tokens/index";

// GitHub's packages import JSON files without saying so, as bundlers take it and Node does not.
registerHooks({
  load(url, context, next) {
    if (!url.includes("/@actions/") || !url.endsWith(".json") || context.importAttributes["type"] === "json") return next(url, context);
    return { format: "module", shortCircuit: true, source: `export default ${readFileSync(fileURLToPath(url), "utf8")}` };
  },
});
const { data, Evaluator, Lexer, Parser } = await import("@actions/expressions");
const parser = await import("@actions/workflow-parser");
const { ErrorPolicy } = await import("@actions/workflow-parser/model/convert");

export const { parseWorkflow, convertWorkflowTemplate, NoOperationTraceWriter } = parser;
export const policy = { errorPolicy: ErrorPolicy.TryConversion };

/** What expressions may name: `github`, `needs`, `inputs`, … */
export type Context = Readonly<Record<string, unknown>>;
export type { Token };

/** Functions about a job's ancestors that GitHub's evaluator leaves to its host. */
const STATUS = ["success", "failure", "always", "cancelled"] as const;
export type StatusFunctions = Readonly<Record<(typeof STATUS)[number], () => boolean>>;
const NO_STATUS: StatusFunctions = { success: () => true, failure: () => false, always: () => true, cancelled: () => false };

/** The value of an expression, by GitHub's own evaluator. Throws where GitHub would fail the job. */
export function evaluate(text: string, context: Context, status: StatusFunctions = NO_STATUS): unknown {
  const known = STATUS.map((name) => ({ name, minArgs: 0, maxArgs: 255 }));
  const tree = new Parser(new Lexer(text).lex().tokens, Object.keys(context), known).parse();
  const functions = new Map(
    STATUS.map((name) => [name, { name, minArgs: 0, maxArgs: 255, call: () => new data.BooleanData(status[name]()) }]),
  );
  const root = toData(context);
  if (!(root instanceof data.Dictionary)) throw new Error("a context is a mapping");
  return JSON.parse(JSON.stringify(new Evaluator(tree, root, functions).evaluate(), data.replacer));
}

/** As `if` takes a value. */
export const isTrue = (value: unknown): boolean =>
  !(value === null || value === undefined || value === false || value === 0 || value === "");

/** A value of the file with its expressions evaluated. */
export function resolve(token: Token | undefined, context: Context, status?: StatusFunctions): unknown {
  if (token === undefined) return undefined;
  if (parser.isSequence(token)) return Array.from({ length: token.count }, (_, i) => resolve(token.get(i), context, status));
  if (parser.isMapping(token))
    return Object.fromEntries([...token].map(({ key, value }) => [String(resolve(key, context, status)), resolve(value, context, status)]));
  if (parser.isBasicExpression(token)) return evaluate(token.expression, context, status);
  if (parser.isString(token) || parser.isNumber(token) || parser.isBoolean(token)) return token.value;
  return null;
}

export const texts = (token: Token | undefined, context: Context): Record<string, string> => {
  const value = resolve(token, context);
  return Object.fromEntries(Object.entries((value ?? {}) as object).map(([key, item]) => [key, textOf(item)]));
};

/** As GitHub makes a text of a value. */
export function textOf(value: unknown): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  return value === null || value === undefined ? "" : "Object";
}

type Data = InstanceType<
  typeof data.Null | typeof data.StringData | typeof data.NumberData | typeof data.BooleanData | typeof data.Array | typeof data.Dictionary
>;

function toData(value: unknown): Data {
  if (value === null || value === undefined) return new data.Null();
  if (typeof value === "string") return new data.StringData(value);
  if (typeof value === "number") return new data.NumberData(value);
  if (typeof value === "boolean") return new data.BooleanData(value);
  if (Array.isArray(value)) return new data.Array(...value.map(toData));
  return new data.Dictionary(...Object.entries(value).map(([key, item]) => ({ key, value: toData(item) })));
}
