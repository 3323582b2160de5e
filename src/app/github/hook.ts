import type { Hook } from "../../api/hooks.ts";
import type { Clock } from "../../engine/ports/clock.ts";
import type { Remote } from "../../github/gates/remote.ts";
import { type Delivered, type Delivery, readDelivery } from "../../github/hooks/delivery.ts";
import type { Inbox } from "../../github/hooks/inbox.ts";

/** Between two looks for what nobody has told of, in ms. GitHub delivers once, and never again by itself. */
export const RECONCILE_MS = 180_000;

/** Who acts on which delivery; null: nobody. Only an App may say anything at a gate. */
export type Wake = { readonly push: () => void } & { readonly [what in "gate" | "pull" | "moved"]: (() => void) | null };

/** Answers when the delivery is durable, and never waits for what it starts. */
export function hookOf(secret: string, remote: Remote | null, inbox: Inbox, wake: Wake): Hook {
  return async (request) => {
    const read = readDelivery(request, secret);
    if (!read.ok) return read;
    const message = ours(read, remote);
    const act = message === null ? null : wake[message.what];
    if (message === null || act === null) return { status: 202, message: `nothing is done about ${read.event}` };
    const isNew = message.what === "moved" || (await inbox.take(read, message));
    if (isNew) act();
    return { status: 202, message: isNew ? "taken" : "taken before" };
  };
}

/** An organisation's webhook tells of all its repositories. */
function ours({ message }: Delivery, remote: Remote | null): Delivery["message"] {
  const isOther = message !== null && remote !== null && message.repository.toLowerCase() !== remote.repository.toLowerCase();
  return isOther ? null : message;
}

type Message<W extends Delivered["what"]> = Extract<Delivered, { readonly what: W }>;

/** What was delivered of a kind, each acted on once; what is somebody else's is left. One that fails keeps none of the others from being looked at. */
export async function each<W extends Delivered["what"]>(
  inbox: Inbox,
  what: W,
  act: (message: Message<W>) => Promise<"not ours" | void>,
): Promise<void> {
  const failures: unknown[] = [];
  for (const waiting of await inbox.waiting()) {
    if (waiting.message.what !== what) continue;
    try {
      if ((await act(waiting.message as Message<W>)) !== "not ours") await inbox.done(waiting);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** For what nobody may have told of: looks where the last look that did not fail is so long ago, or the clock was set back. */
export function reconciling(clock: Clock, look: () => Promise<void>): () => Promise<void> {
  let lookedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (clock.now() - lookedAt < RECONCILE_MS && clock.now() >= lookedAt) return;
    await look();
    lookedAt = clock.now();
  };
}
