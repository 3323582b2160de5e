import { createHmac, randomUUID } from "node:crypto";
import { Webhooks } from "@octokit/webhooks";
import { Refusal } from "./model.ts";
import type { World } from "./repository.ts";

export type HookConfig = {
  readonly url: string;
  readonly secret: string | null;
  readonly contentType: "json" | "form";
};
export type HookRow = {
  readonly id: number;
  readonly createdAt: number;
  config: HookConfig;
  events: readonly string[];
  active: boolean;
  last: { readonly code: number | null; readonly status: string; readonly message: string | null };
};
/** What goes over the network. */
export type Envelope = {
  readonly guid: string;
  readonly event: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};
export type DeliveryRow = {
  readonly id: number;
  readonly hook: HookRow;
  readonly event: string;
  readonly action: string | null;
  /** The payload's JSON. */
  readonly payload: string;
  readonly envelope: Envelope;
  readonly redelivery: boolean;
  readonly at: number;
  outcome: Outcome;
};
type Outcome = {
  readonly status: string;
  readonly code: number;
  readonly durationMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
};

/** Between GitHub and the server: a test may let it lose, repeat, delay or change what is sent. */
export type Network = (envelope: Envelope, send: (envelope: Envelope) => Promise<void>) => Promise<void> | void;
export const direct: Network = (envelope, send) => send(envelope);

/** As GitHub gives a server to answer: whoever takes longer has not taken it. */
const ANSWER_MS = 10_000;
/** Deliveries are kept, and may be sent again, for three days. */
const KEPT_MS = 3 * 24 * 3_600_000;
const UNSENT: Outcome = { status: "failed to connect to host", code: 502, durationMs: 0, headers: {}, text: "" };

type Target = { readonly type: "repository" | "integration"; readonly id: number };
type Parts = {
  readonly world: Pick<World, "now" | "nextId">;
  readonly target: Target;
  /** Whether a payload is as GitHub describes it. */
  readonly check: (event: string, action: string | null, payload: object) => void;
};

/** Webhooks of a repository or an App: each event is sent once, and never again by itself. */
export class Hooks {
  readonly rows = new Map<number, HookRow>();
  /** Newest first. */
  readonly deliveries: DeliveryRow[] = [];
  network: Network = direct;
  answerMs = ANSWER_MS;
  readonly #parts: Parts;
  readonly #under: Set<Promise<void>> = new Set();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  add(config: HookConfig, events: readonly string[] = ["push"], active = true): HookRow {
    const { world } = this.#parts;
    if ([...this.rows.values()].some((row) => row.config.url === config.url))
      throw new Refusal(422, "Validation Failed: Hook already exists on this repository");
    const row: HookRow = {
      id: world.nextId(),
      createdAt: world.now(),
      config,
      events,
      active,
      last: { code: null, status: "unused", message: null },
    };
    this.rows.set(row.id, row);
    return row;
  }

  /** Begins to send it to whoever listens; nobody waits for that. */
  emit(event: string, action: string | null, payload: object): void {
    for (const hook of this.rows.values())
      if (hook.active && (event === "ping" || hook.events.includes(event) || hook.events.includes("*")))
        this.send(hook, event, action, payload);
  }

  send(hook: HookRow, event: string, action: string | null, payload: object): void {
    this.#parts.check(event, action, payload);
    this.#begin({ hook, event, action, payload: JSON.stringify(payload), guid: randomUUID(), redelivery: false });
  }

  again({ hook, event, action, payload, envelope, at }: DeliveryRow): void {
    if (at < this.#parts.world.now() - KEPT_MS) throw new Refusal(422, "Delivery is too old to be redelivered");
    this.#begin({ hook, event, action, payload, guid: envelope.guid, redelivery: true });
  }

  /** Resolves when nothing is on its way. */
  async settled(): Promise<void> {
    while (this.#under.size > 0) await Promise.all(this.#under);
  }

  #begin(of: Pick<DeliveryRow, "hook" | "event" | "action" | "payload" | "redelivery"> & { readonly guid: string }): void {
    const sending = this.#deliver(of).finally(() => this.#under.delete(sending));
    this.#under.add(sending);
  }

  async #deliver({
    guid,
    ...of
  }: Pick<DeliveryRow, "hook" | "event" | "action" | "payload" | "redelivery"> & { readonly guid: string }): Promise<void> {
    const { world } = this.#parts;
    const envelope = await this.#envelope(of.hook, of.event, of.payload, guid);
    const row: DeliveryRow = { ...of, id: world.nextId(), envelope, at: world.now(), outcome: UNSENT };
    this.deliveries.unshift(row);
    await this.network(envelope, async (sent) => {
      row.outcome = await posted(sent, this.answerMs);
      const { code, status } = row.outcome;
      row.hook.last = { code, status: code >= 200 && code < 300 ? "active" : "unhealthy", message: status };
    });
  }

  async #envelope({ id, config }: HookRow, event: string, payload: string, guid: string): Promise<Envelope> {
    const { target } = this.#parts;
    const isForm = config.contentType === "form";
    const body = isForm ? new URLSearchParams({ payload }).toString() : payload;
    const { secret } = config;
    const signed =
      secret === null
        ? {}
        : {
            "x-hub-signature": `sha1=${createHmac("sha1", secret).update(body).digest("hex")}`,
            "x-hub-signature-256": await new Webhooks({ secret }).sign(body),
          };
    const headers = {
      accept: "*/*",
      "content-type": isForm ? "application/x-www-form-urlencoded" : "application/json",
      "user-agent": "GitHub-Hookshot/double",
      "x-github-delivery": guid,
      "x-github-event": event,
      "x-github-hook-id": String(id),
      "x-github-hook-installation-target-id": String(target.id),
      "x-github-hook-installation-target-type": target.type,
      ...signed,
    };
    return { guid, event, url: config.url, headers, body };
  }
}

async function posted({ url, headers, body }: Envelope, answerMs: number): Promise<Outcome> {
  const began = performance.now();
  const failed = (status: string, code: number): Outcome => ({ ...UNSENT, status, code, durationMs: performance.now() - began });
  try {
    const answer = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: AbortSignal.timeout(answerMs) });
    const text = await answer.text();
    return {
      status: answer.ok ? "OK" : `Invalid HTTP Response: ${answer.status}`,
      code: answer.status,
      durationMs: performance.now() - began,
      headers: Object.fromEntries(answer.headers),
      text,
    };
  } catch (error) {
    return (error as Error).name === "TimeoutError" ? failed("timed out", 504) : failed("failed to connect to host", 502);
  }
}
