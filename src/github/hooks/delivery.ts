import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { CommitId, Json } from "../../core/config/config.ts";
import { isOurs } from "../records/record.ts";

/** A webhook's request as it came over the network; the body as its very bytes, since these are what is signed. */
export type HookRequest = { readonly header: (name: string) => string | undefined; readonly body: Uint8Array };

/** What was delivered, as far as it is acted on. Kept until it has been: what is not needed is not in it. */
export type Delivered =
  | {
      readonly what: "push";
      readonly repository: string;
      /** A full ref, such as `refs/heads/main`. */
      readonly ref: string;
      /** null: the ref was deleted. */
      readonly commit: CommitId | null;
      /** Login of who has pushed. */
      readonly by: string;
    }
  | {
      readonly what: "gate";
      readonly repository: string;
      /** The environment, as GitHub calls it. */
      readonly environment: string;
      readonly run: number;
      /** What GitHub says the run is of: the head of its branch, where a person has started it. */
      readonly commit: CommitId;
      readonly event: string;
    }
  /** Something about it has changed; what, and how it stands by now, is asked of the forge. */
  | { readonly what: "pull"; readonly repository: string; readonly number: number }
  /** Something has become of a deployment or a workflow run. Whoever waits looks sooner; nothing is lost with it. */
  | { readonly what: "moved"; readonly repository: string };
/** `message`: null for events that nothing is done about. */
export type Delivery = { readonly id: string; readonly event: string; readonly message: Delivered | null };
export type Reading =
  | ({ readonly ok: true } & Delivery)
  | { readonly ok: false; readonly status: 400 | 401; readonly message: string; readonly hint: string };

/** Deliveries are named by their sender: enough to tell them apart, and nothing that could be taken for anything else. */
const ID = /^[\w-]{1,100}$/;

/** Whether it was signed with the secret over its raw bytes, and what it says. Nothing of it is looked at before that. */
export function readDelivery({ header, body }: HookRequest, secret: string): Reading {
  if (!isSigned(header, body, secret))
    return {
      ok: false,
      status: 401,
      message: "The delivery is not signed with this server's secret",
      hint: "The webhook's secret and SLUICE_GITHUB_WEBHOOK_SECRET have to be the same",
    };
  const event = header("x-github-event") ?? header("x-gitea-event") ?? "";
  const id = header("x-github-delivery") ?? header("x-gitea-delivery") ?? "";
  if (!ID.test(id) || event === "") return refused("it has no event or no delivery id");
  const json = jsonOf(header("content-type"), body);
  if (json === undefined) return refused("its body is no JSON");
  if (event === "push") {
    const read = push.safeParse(json);
    return read.success ? { ok: true, id, event, message: pushed(read.data) } : refused(`push: ${z.prettifyError(read.error)}`);
  }
  if (event === "deployment_protection_rule") {
    const read = gate.safeParse(json);
    return read.success
      ? { ok: true, id, event, message: asked(read.data) }
      : refused(`deployment_protection_rule: ${z.prettifyError(read.error)}`);
  }
  if (event === "pull_request") {
    const read = pull.safeParse(json);
    return read.success ? { ok: true, id, event, message: changed(read.data) } : refused(`pull_request: ${z.prettifyError(read.error)}`);
  }
  const moved = MOVES[event]?.safeParse(json);
  return { ok: true, id, event, message: moved?.success ? { what: "moved", repository: moved.data.repository.full_name } : null };
}

const refused = (why: string): Reading => ({
  ok: false,
  status: 400,
  message: `The delivery cannot be read: ${why}`,
  hint: "Send pushes as GitHub or Gitea do, as application/json",
});

/** GitHub's header; Gitea sends the same, and older ones the bare digest in a header of their own. */
function isSigned(header: HookRequest["header"], body: Uint8Array, secret: string): boolean {
  const given = /^sha256=([0-9a-f]{64})$/.exec(header("x-hub-signature-256") ?? "")?.[1] ?? header("x-gitea-signature") ?? "";
  if (secret === "" || !/^[0-9a-f]{64}$/.test(given)) return false;
  return timingSafeEqual(createHmac("sha256", secret).update(body).digest(), Buffer.from(given, "hex"));
}

/** GitHub's settings offer forms first: then the JSON is a field. */
function jsonOf(type: string | undefined, body: Uint8Array): Json | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    const isForm = /^application\/x-www-form-urlencoded *(;|$)/i.test(type ?? "");
    return JSON.parse(isForm ? (new URLSearchParams(text).get("payload") ?? "") : text) as Json;
  } catch {
    return undefined;
  }
}

const repository = z.object({ full_name: z.string().min(1).max(300) });
const commit = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/);
const person = z.object({ login: z.string().min(1).max(100) });
const push = z.object({
  ref: z.string().startsWith("refs/").max(1000),
  after: commit,
  repository,
  sender: person,
});

function pushed({ ref, after, repository: { full_name: name }, sender }: z.infer<typeof push>): Delivered {
  return { what: "push", repository: name, ref, commit: /^0+$/.test(after) ? null : after, by: sender.login };
}

/** Of which there are many: a status of one of our records, and the end of a workflow run. */
const MOVES: Readonly<Record<string, z.ZodType<{ readonly repository: z.infer<typeof repository> }>>> = {
  deployment_status: z.object({ deployment: z.object({ task: z.string().refine(isOurs) }), repository }),
  workflow_run: z.object({ action: z.literal("completed"), repository }),
};

const gate = z.object({
  action: z.string(),
  environment: z.string().min(1).max(255),
  event: z.string().max(100),
  deployment_callback_url: z.string().max(1000),
  deployment: z.object({ sha: commit }),
  repository,
});

/** The run is told only by the address to answer at, which is not taken from there: whoever answers asks the API that it knows. */
function asked({
  action,
  environment,
  event,
  deployment,
  repository: { full_name: name },
  ...rest
}: z.infer<typeof gate>): Delivered | null {
  const run = Number(/\/actions\/runs\/(\d+)\/deployment_protection_rule$/.exec(rest.deployment_callback_url)?.[1] ?? Number.NaN);
  if (action !== "requested" || !Number.isSafeInteger(run)) return null;
  return { what: "gate", repository: name, environment, run, commit: deployment.sha, event };
}

const pull = z.object({ action: z.string(), number: z.number().int().positive().max(Number.MAX_SAFE_INTEGER), repository });
/** After any other the plan is the same. */
const ACTIONS: ReadonlySet<string> = new Set(["opened", "reopened", "synchronize", "synchronized", "ready_for_review", "edited"]);

function changed({ action, number, repository: { full_name: name } }: z.infer<typeof pull>): Delivered | null {
  return ACTIONS.has(action) ? { what: "pull", repository: name, number } : null;
}
