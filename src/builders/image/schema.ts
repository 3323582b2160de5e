import * as z from "zod";
import { adapterSchema } from "../../adapter/schema.ts";
import type { AdapterSchema } from "../../core/config/config.ts";
import { COMMIT_TAG } from "./config.ts";
import { repositoryProblem, tagProblem } from "./registry/reference.ts";

const text = z.string().min(1);
const checked = (problem: (text: string) => string | null) =>
  text.superRefine((value, context) => {
    const message = problem(value);
    if (message !== null) context.addIssue({ code: "custom", message });
  });

/** Keys that say how an image is built: they say nothing where a command or somebody else builds it. */
const OF_TOOLS = ["tool", "file", "args", "target", "platforms", "cache", "source"] as const;

const shape = z
  .strictObject({
    repository: checked(repositoryProblem).describe("Where it is pushed, such as registry.example/harbor: without a tag."),
    tag: checked(tagProblem)
      .optional()
      .describe("What it is pushed as; `${commit}` unless said. It is deployed by digest, whatever the tag."),
    context: text.optional().describe("Folder of the repository that is built from; `.` is all of it."),
    file: text.optional().describe("The Dockerfile, from `context`."),
    tool: z.enum(["docker", "buildah", "podman"]).optional().describe("Which builds it; the first of these that is there, unless said."),
    command: z
      .array(text)
      .min(1)
      .optional()
      .describe(
        "Any program instead, run in `context` without a shell: it pushes $SLUICE_IMAGE, and may write the digest to $SLUICE_DIGEST_FILE.",
      ),
    args: z
      .record(z.string().regex(/^[A-Za-z_]\w*$/), z.string())
      .optional()
      .describe("Build arguments. They can be read off the image: no secrets."),
    target: text.optional().describe("Stage of the Dockerfile."),
    platforms: z
      .array(z.string().regex(/^[a-z0-9]+(?:\/[a-z0-9]+){1,2}$/))
      .min(1)
      .optional()
      .describe("Such as linux/amd64; those of this host unless said."),
    cache: z
      .boolean()
      .optional()
      .describe("Whether buildah and podman use layers of earlier builds again: quicker, but another host may come to another digest."),
    source: z.url().optional().describe("Where the source can be seen: becomes the label org.opencontainers.image.source."),
    await: z.boolean().optional().describe("Somebody else pushes it, such as CI, and the run waits for it."),
    insecure: z
      .boolean()
      .optional()
      .describe("Plain HTTP; only this host's own registries (localhost, 127.0.0.1) are asked so unless said."),
  })
  .superRefine((config, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (config.await === true) {
      for (const key of [...OF_TOOLS, "command", "context"] as const)
        if (config[key] !== undefined) refuse(key, "says nothing where somebody else builds the image (`await`)");
      // else what was pushed for another commit would be taken for this one's
      if (!(config.tag ?? COMMIT_TAG).includes(COMMIT_TAG)) refuse("tag", "must name the commit (`${commit}`) where an image is awaited");
    }
    if (config.command !== undefined)
      for (const key of OF_TOOLS) if (config[key] !== undefined) refuse(key, "says nothing where `command` builds the image");
  });

export type ImageConfig = z.input<typeof shape>;

export const schema: AdapterSchema = {
  ...adapterSchema("builder", "image", shape, { keys: ["context", "file"], inside: "repository" }),
  image: (config) => (config as ImageConfig).repository,
  awaits: (config) => {
    const { repository, tag = COMMIT_TAG, await: awaited } = config as ImageConfig;
    return awaited === true ? `${repository}:${tag}` : null;
  },
};
