/** A repository on a GitHub host. */
export type Remote = {
  /** Where its pages are, such as `https://github.com`. */
  readonly server: string;
  /** `owner/name` */
  readonly repository: string;
};

const HOST = String.raw`[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?`;
/** Nothing in it may lead elsewhere in an address. */
const PATH = String.raw`([A-Za-z0-9][\w-]*)/((?!\.+/?$)[\w.-]+?)(?:\.git)?/?`;
const SCP = new RegExp(`^(?:[^@/:]+@)?(${HOST}):/?${PATH}$`);
const NAMED = new RegExp(`^(?:(${HOST})/)?${PATH}$`);

/** What a remote's address names; null: no repository on a host, such as a path. A login in it is left out. */
export function remoteOf(address: string): Remote | null {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) {
    const [, host, owner, name] = SCP.exec(address) ?? [];
    return host && owner && name ? { server: `https://${plainHost(host)}`, repository: `${owner}/${name}` } : null;
  }
  if (!URL.canParse(address)) return null;
  const { protocol, hostname, host, pathname } = new URL(address);
  const [, owner, name] = new RegExp(`^/${PATH}$`).exec(pathname) ?? [];
  if (!owner || !name || hostname === "") return null;
  const repository = `${owner}/${name}`;
  // Ports of ssh and git are not those of the pages.
  if (protocol === "http:" || protocol === "https:") return { server: `${protocol}//${host}`, repository };
  return /^(?:ssh|git|git\+ssh|ssh\+git):$/.test(protocol) ? { server: `https://${plainHost(hostname)}`, repository } : null;
}

/** As `--repo` has it: `owner/name`, or `host/owner/name` as gh takes it. */
export function namedRepository(text: string, server: string): Remote | null {
  const [, host, owner, name] = NAMED.exec(text) ?? [];
  if (!owner || !name) return null;
  return { server: host === undefined ? server : `https://${host.toLowerCase()}`, repository: `${owner}/${name}` };
}

/** GitHub's ssh over the port of https has a host of its own. */
const plainHost = (host: string): string => (host.toLowerCase() === "ssh.github.com" ? "github.com" : host.toLowerCase());
