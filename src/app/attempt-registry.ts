import type { AttemptRegistry } from "../executor/local/runner/main.ts";

/** What carries out attempts loads the one adapter that it needs, without the schema. */
export const attemptRegistry: AttemptRegistry = {
  async driver(name) {
    switch (name) {
      case "process":
        return (await import("../drivers/process/acts.ts")).acts;
      case "command":
        return (await import("../drivers/command/acts.ts")).acts;
      case "helm":
        return (await import("../drivers/helm/acts.ts")).acts;
      case "kubernetes":
        return (await import("../drivers/kubernetes/acts.ts")).acts;
      default:
        return await (await import("./registry.ts")).driver(name);
    }
  },
  async builder(name) {
    switch (name) {
      case "bundle":
        return (await import("../builders/bundle/build.ts")).acts;
      case "command":
        return (await import("../builders/command/build.ts")).acts;
      case "image":
        return (await import("../builders/image/build.ts")).acts;
      default:
        return await (await import("./registry.ts")).builder(name);
    }
  },
  async checkout(repository, commit, path, into) {
    const { GitSource } = await import("../source/git.ts");
    await GitSource.ofProject(repository).checkout(commit, path, into);
  },
  async committedAt(repository, commit) {
    const { GitSource } = await import("../source/git.ts");
    return (await GitSource.ofProject(repository).describe(commit)).at;
  },
  async tree(repository, home, commit, folder) {
    const [{ GitSource }, { treesOf }] = await Promise.all([import("../source/git.ts"), import("../source/trees.ts")]);
    return await treesOf(GitSource.ofProject(repository), home)(commit, folder);
  },
};
