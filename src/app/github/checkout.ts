import { Configs } from "../../engine/configs.ts";
import { GitSource } from "../../source/git.ts";
import type { Project } from "../project.ts";
import { adapterSchemas } from "../registry.ts";

/** What `sluice.yaml` says in a person's own checkout. */
export const configsOf = async ({ root }: Project): Promise<Configs> => new Configs(GitSource.ofProject(root), await adapterSchemas());
