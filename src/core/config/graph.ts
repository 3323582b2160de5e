/** Node to the nodes that it needs. Needs that are no keys are ignored: someone else reports them. */
export type Needs = ReadonlyMap<string, readonly string[]>;

/** At least one loop of every knot, each as its trail without the repeated end; begins with the loop's first node in the map's order. Deterministic. */
export function cyclesIn(graph: Needs): readonly (readonly string[])[] {
  const open = new Peeling(graph);
  const rank = new Map([...graph.keys()].map((id, index) => [id, index]));
  const cycles: string[][] = [];
  for (const start of graph.keys()) {
    while (open.has(start)) {
      const trail = open.walk(start);
      const first = trail.reduce((best, id) => ((rank.get(id) ?? 0) < (rank.get(best) ?? 0) ? id : best));
      const turn = trail.indexOf(first);
      cycles.push([...trail.slice(turn), ...trail.slice(0, turn)]);
      open.remove(trail);
    }
  }
  return cycles;
}

/** A graph from which everything falls off that has nothing left to need; what stays leads to a loop. */
class Peeling {
  readonly #graph: Needs;
  readonly #left: Map<string, number>;
  readonly #dependents = new Map<string, string[]>();

  constructor(graph: Needs) {
    this.#graph = graph;
    this.#left = new Map([...graph].map(([id, needs]) => [id, needs.filter((need) => graph.has(need)).length]));
    for (const [id, needs] of graph) {
      for (const need of needs) {
        const dependents = this.#dependents.get(need);
        if (dependents === undefined) this.#dependents.set(need, [id]);
        else dependents.push(id);
      }
    }
    this.remove([...this.#left].filter(([, count]) => count === 0).map(([id]) => id));
  }

  has(id: string): boolean {
    return this.#left.has(id);
  }

  /** Takes nodes away, and all that then needs nothing more. */
  remove(ids: readonly string[]): void {
    const queue = [...ids];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (!this.#left.delete(id)) continue;
      for (const dependent of this.#dependents.get(id) ?? []) {
        const count = this.#left.get(dependent);
        if (count === undefined) continue;
        this.#left.set(dependent, count - 1);
        if (count === 1) queue.push(dependent);
      }
    }
  }

  /** Follows the first open need from `start` until a node comes again; the loop alone. */
  walk(start: string): string[] {
    const seen = new Map<string, number>();
    const trail: string[] = [];
    for (let id: string | undefined = start; id !== undefined; id = this.#graph.get(id)?.find((need) => this.#left.has(need))) {
      const before = seen.get(id);
      if (before !== undefined) return trail.slice(before);
      seen.set(id, trail.length);
      trail.push(id);
    }
    throw new Error(`graph: ${start} is open but leads to no loop`);
  }
}

/** The keys with needs first; in the map's own order where that already fits. For graphs without loops. */
export function inOrder(graph: Needs): readonly string[] {
  const rank = new Map([...graph.keys()].map((id, index) => [id, index]));
  const placed = new Set<string>();
  const visit = (id: string): void => {
    if (placed.has(id)) return;
    const needs = (graph.get(id) ?? []).filter((need) => graph.has(need));
    for (const need of needs.sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0))) visit(need);
    placed.add(id);
  };
  for (const id of graph.keys()) visit(id);
  return [...placed];
}
