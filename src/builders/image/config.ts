import type { JsonObject } from "../../core/config/config.ts";
import { isLoopback, parseRepository, type Repository, tagProblem } from "./registry/reference.ts";
import type { ImageConfig } from "./schema.ts";

/** What an image is pushed as unless `tag` says otherwise. */
export const COMMIT_TAG = "${commit}";

/** Where an image lies, and whether that is asked by plain HTTP. */
export type Place = { readonly repository: Repository; readonly plain: boolean };
export type Image = Place & {
  /** May be moved by anybody who may push: it is what people and CI look for, and never what is deployed. */
  readonly tag: string;
  readonly config: ImageConfig;
};

/** Throws for a repository that could not be checked before its variables were filled in. */
export function placeOf(config: JsonObject): Place {
  const { repository: name, insecure } = config as ImageConfig;
  const repository = parseRepository(name);
  return { repository, plain: insecure ?? isLoopback(repository.host) };
}

/** What a config means for a commit. Throws as `placeOf` does. */
export function imageOf(json: JsonObject, commit: string): Image {
  const config = json as ImageConfig;
  const { tag = commit, file = "" } = config;
  const problem = tag.includes("${") ? "has a variable without a value" : tagProblem(tag);
  if (problem !== null) throw new Error(`\`tag\` (${tag}) ${problem}`);
  if (/^[/\\]|(?:^|[/\\])\.\.(?:[/\\]|$)/.test(file)) throw new Error(`\`file\` (${file}) leads out of \`context\``);
  return { ...placeOf(json), tag, config };
}
