import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A Go module beside this file whose programs are built. */
export type Module = {
  readonly name: string;
  readonly directory: string;
  /** Names of the programs, and the package of each. */
  readonly programs: Readonly<Record<string, string>>;
  /** Linker variables by which the programs tell their true versions: built from a module, they know none. */
  readonly variables: Readonly<Record<string, string>>;
};

/** The control plane with fake nodes, the image registry, Helm and kubectl. */
export function controlPlane(): Module {
  const directory = join(import.meta.dirname, "controlplane");
  const version = versionsIn(directory);
  const kubernetes = version("k8s.io/kubernetes");
  return {
    name: "controlplane",
    directory,
    programs: { cluster: ".", helm: "helm.sh/helm/v4/cmd/helm", kubectl: "k8s.io/kubernetes/cmd/kubectl" },
    variables: {
      ...kubernetesVariables("k8s.io/component-base/version", kubernetes),
      ...kubernetesVariables("k8s.io/client-go/pkg/version", kubernetes),
      "helm.sh/helm/v4/internal/version.version": version("helm.sh/helm/v4"),
      "sigs.k8s.io/kwok/pkg/consts.Version": version("sigs.k8s.io/kwok").slice(1),
    },
  };
}

/** Helm 3, which many teams still have: a module of its own, since both cannot share one set of dependencies. */
export function helm3(): Module {
  const directory = join(import.meta.dirname, "helm3");
  const version = versionsIn(directory);
  // Helm takes the Kubernetes that its client is made for as the one it renders for when it may not ask.
  const [, minor = ""] = version("k8s.io/client-go").split(".");
  return {
    name: "helm3",
    directory,
    programs: { helm3: "helm.sh/helm/v3/cmd/helm" },
    variables: {
      "helm.sh/helm/v3/internal/version.version": version("helm.sh/helm/v3"),
      "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor": "1",
      "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": minor,
      "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor": "1",
      "helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor": minor,
    },
  };
}

function kubernetesVariables(inPackage: string, version: string): Record<string, string> {
  const [major = "", minor = ""] = version.slice(1).split(".");
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: "clean" };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${inPackage}.${name}`, value]));
}

function versionsIn(directory: string): (path: string) => string {
  const text = readFileSync(join(directory, "go.mod"), "utf8");
  return (path) => {
    const line = text.split("\n").find((one) =>
      one
        .trim()
        .replace(/^require /, "")
        .startsWith(`${path} v`),
    );
    const version = line === undefined ? undefined : /\sv\S+/.exec(line)?.[0].trim();
    if (version === undefined) throw new Error(`${directory}/go.mod does not require ${path}`);
    return version;
  };
}

/** Arguments of `go build` without the output and the packages. Debug information is left out: it doubles the time and the size. */
export function flagsOf(module: Module): readonly string[] {
  const variables = Object.entries(module.variables).map(([name, value]) => `-X ${name}=${value}`);
  return ["-mod=readonly", "-trimpath", "-gcflags=all=-dwarf=false", `-ldflags=${["-s", "-w", ...variables].join(" ")}`];
}

/** What the programs are made of; not by which Go, so that who has them cached needs none. */
export function keyOf(module: Module): string {
  const hash = createHash("sha256").update(JSON.stringify([process.platform, process.arch, flagsOf(module), module.programs]));
  const files = readdirSync(module.directory).filter((file) => /^go\.(mod|sum)$|\.go$/.test(file));
  for (const file of files.toSorted()) hash.update(`\0${file}\0`).update(readFileSync(join(module.directory, file)));
  return hash.digest("hex").slice(0, 16);
}
