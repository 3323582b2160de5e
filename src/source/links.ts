/** As the kernel does: more links on one way than this are taken for a loop. */
const MAX_LINKS = 40;

/**
 * Whether a symbolic link leads out of the tree, followed part by part through the tree's other links as the kernel would (`a -> dir/../../x` is inside or
 * not depending on where `dir` itself leads). Loops count as leading out. `links`: the targets of all links by path; `link`: one of these paths.
 */
export function leadsOut(link: string, links: ReadonlyMap<string, string>): boolean {
  const at: string[] = [];
  const ahead = link.split("/");
  for (let followed = 0; ahead.length > 0;) {
    const part = ahead.shift() ?? "";
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (at.pop() === undefined) return true;
      continue;
    }
    at.push(part);
    const target = links.get(at.join("/"));
    if (target === undefined) continue;
    followed += 1;
    if (followed > MAX_LINKS || target === "" || target.startsWith("/") || /^[a-z]:|\\/i.test(target)) return true;
    at.pop();
    ahead.unshift(...target.split("/"));
  }
  return false;
}
