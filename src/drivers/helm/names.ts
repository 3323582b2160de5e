/** Helm's own limit: names of what a release makes are often longer than it. */
export const RELEASE_LENGTH = 53;
/** Said and not left to a kubeconfig, for what is rendered must not depend on who renders it. */
export const DEFAULT_NAMESPACE = "default";
export const EXACT_VERSION = /^v?\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/** A DNS label (RFC 1123). */
export function isLabel(text: string, longest = 63): boolean {
  return text.length <= longest && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
}

/** Whether a chart is fetched from elsewhere, and not a folder of the repository. */
export function isRemote({ chart, repo }: { readonly chart: string; readonly repo?: string | undefined }): boolean {
  return repo !== undefined || /^[a-z][a-z0-9+.-]*:\/\//i.test(chart);
}

/** The keys that `a.b\.c` leads through: `a`, then `b.c`. */
export function keysOf(path: string): readonly string[] {
  return path.split(/(?<!\\)\./).map((key) => key.replaceAll("\\.", "."));
}

/** Why a text is no path of keys; null where it is one. */
export function problemOfKey(path: string): string | null {
  const keys = keysOf(path);
  if (keys.some((key) => key === "")) return `\`${path}\` has an empty part`;
  if (keys.includes("__proto__")) return `\`${path}\` is no key of values`;
  if (/[[\]]/.test(path)) return `\`${path}\` would set one item of a list: set the whole list, or do it in a file of \`values\``;
  return null;
}
