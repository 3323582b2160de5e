/**
 * Variables that by the contract of the programs which read them (kubectl and Helm, docker, podman) say where a file is. Nothing is guessed from a name: `*_FILE` may hold a text as well,
 * as CI systems have it.
 */
const PATHS: ReadonlySet<string> = new Set(["KUBECONFIG", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE"]);

/** One path or several, each of which can be nothing else. */
const ONLY_PATHS = /^(~|\.{0,2})\/[^:\r\n]*(:(~|\.{0,2})\/[^:\r\n]*)*$/;

/** Whether a credential's value has to be hidden: it does, unless it is known to be a path and looks like one, for people put a whole kubeconfig there, too. */
export const isSecret = (name: string, value: string): boolean => !PATHS.has(name) || !ONLY_PATHS.test(value);
