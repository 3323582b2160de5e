/**
 * Orders nodes so that each comes after what it needs; among those that are free, the given order is kept.
 * Needs that are not nodes are ignored. `cycle` is what could not be ordered.
 */
export function topological<T extends string>(
  nodes: readonly T[],
  needs: (node: T) => readonly T[],
): { readonly order: readonly T[]; readonly cycle: readonly T[] } {
  const rank = new Map(nodes.map((node, i) => [node, i]));
  const open = new Map<T, number>();
  const dependents = new Map<T, T[]>();
  for (const node of nodes) {
    let wanted = 0;
    // one that is named twice is counted twice here and met twice below
    for (const n of needs(node)) {
      if (!rank.has(n)) continue;
      wanted++;
      const list = dependents.get(n);
      if (list) list.push(node);
      else dependents.set(n, [node]);
    }
    open.set(node, wanted);
  }
  let level = nodes.filter((node) => open.get(node) === 0);
  const order: T[] = [];
  while (level.length > 0) {
    order.push(...level);
    const freed: T[] = [];
    for (const node of level)
      for (const d of dependents.get(node) ?? []) {
        const left = (open.get(d) ?? 0) - 1;
        open.set(d, left);
        if (left === 0) freed.push(d);
      }
    level = freed.toSorted((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0));
  }
  return { order, cycle: nodes.filter((node) => (open.get(node) ?? 0) > 0) };
}
