/** Concurrency groups that queue: whoever came first has one until it lets go. Names are the same in any case of letters. */
export class Locks {
  readonly #queues = new Map<string, object[]>();

  queue(who: object, group: string | null): void {
    if (group === null) return;
    const key = group.toLowerCase();
    this.#queues.set(key, [...(this.#queues.get(key) ?? []), who]);
  }

  mayHave(who: object, group: string | null): boolean {
    return group === null || this.#queues.get(group.toLowerCase())?.[0] === who;
  }

  leave(who: object, group: string | null): void {
    if (group === null) return;
    const key = group.toLowerCase();
    this.#queues.set(
      key,
      (this.#queues.get(key) ?? []).filter((other) => other !== who),
    );
  }

  toString(): string {
    return [...this.#queues].flatMap(([group, queue]) => (queue.length > 0 ? [`${group}: ${queue.length}`] : [])).join(", ");
  }
}
