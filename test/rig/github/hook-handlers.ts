import { found, listed, said, type Asked, type Handler } from "./asked.ts";
import { complete } from "./description.ts";
import type { DeliveryRow, HookConfig, HookRow } from "./hooks.ts";
import { Refusal } from "./model.ts";
import { ping } from "./events.ts";
import { time } from "./present.ts";

type Given = {
  readonly config?: { readonly url?: string; readonly secret?: string; readonly content_type?: string };
  readonly events?: readonly string[];
  readonly add_events?: readonly string[];
  readonly remove_events?: readonly string[];
  readonly active?: boolean;
};

const hookOf = ({ repository, params }: Asked): HookRow => found(repository.hooks.rows.get(Number(params["hook_id"])));
const deliveriesOf = (asked: Asked): readonly DeliveryRow[] => {
  const hook = hookOf(asked);
  return asked.repository.hooks.deliveries.filter((row) => row.hook === hook);
};
const deliveryOf = (asked: Asked): DeliveryRow => found(deliveriesOf(asked).find(({ id }) => id === Number(asked.params["delivery_id"])));

/** Without a type it is a form, as the field's text says. */
function configOf({ url, secret, content_type: type = "form" }: NonNullable<Given["config"]>): HookConfig {
  if (url === undefined || !URL.canParse(url)) throw new Refusal(422, "Validation Failed: url is missing or malformed");
  return { url, secret: secret ?? null, contentType: type === "json" ? "json" : "form" };
}

/** A secret is never shown. */
function shown({ id, active, events, config, createdAt, last }: HookRow, { repository, places }: Asked) {
  const url = `${places.api}/repos/${repository.fullName}/hooks/${id}`;
  const { contentType, secret } = config;
  return complete("hook", {
    id,
    type: "Repository",
    name: "web",
    active,
    events,
    config: { url: config.url, content_type: contentType, insecure_ssl: "0", ...(secret === null ? {} : { secret: "********" }) },
    url,
    test_url: `${url}/test`,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
    created_at: time(createdAt),
    updated_at: time(createdAt),
    last_response: last,
  });
}

function listedDelivery({ id, envelope, at, redelivery, outcome, event, action }: DeliveryRow, { repository }: Asked) {
  return complete("hook-delivery-item", {
    id,
    guid: envelope.guid,
    delivered_at: time(at),
    redelivery,
    duration: outcome.durationMs / 1000,
    status: outcome.status,
    status_code: outcome.code,
    event,
    action,
    repository_id: repository.id,
  });
}

function shownDelivery(row: DeliveryRow, asked: Asked) {
  const { envelope, payload, outcome } = row;
  return complete("hook-delivery", {
    ...listedDelivery(row, asked),
    url: envelope.url,
    request: { headers: envelope.headers, payload: JSON.parse(payload) as unknown },
    response: { headers: outcome.headers, payload: outcome.text },
  });
}

function create(asked: Asked) {
  const { repository, body, places, token } = asked;
  const { config = {}, events, active } = body as Given;
  const hook = repository.hooks.add(configOf(config), events, active);
  repository.hooks.send(hook, "ping", null, ping(hook, repository, token, places, shown(hook, asked)));
  return said(shown(hook, asked), 201);
}

function update(asked: Asked) {
  const hook = hookOf(asked);
  const { config, events = hook.events, add_events: added = [], remove_events: removed = [], active = hook.active } = asked.body as Given;
  if (config) hook.config = configOf(config);
  hook.events = [...new Set([...events, ...added])].filter((event) => !removed.includes(event));
  hook.active = active;
  return said(shown(hook, asked));
}

export const hookHandlers: Readonly<Record<string, Handler>> = {
  "repos/list-webhooks": (asked) => listed([...asked.repository.hooks.rows.values()].map((row) => shown(row, asked))),
  "repos/create-webhook": create,
  "repos/get-webhook": (asked) => said(shown(hookOf(asked), asked)),
  "repos/update-webhook": update,
  "repos/delete-webhook": (asked) => {
    asked.repository.hooks.rows.delete(hookOf(asked).id);
    return { status: 204 };
  },
  "repos/ping-webhook": (asked) => {
    const hook = hookOf(asked);
    asked.repository.hooks.send(hook, "ping", null, ping(hook, asked.repository, asked.token, asked.places, shown(hook, asked)));
    return { status: 204 };
  },
  // Pages go by a cursor, which nobody here has needed: a hundred are answered.
  "repos/list-webhook-deliveries": (asked) =>
    said(
      deliveriesOf(asked)
        .slice(0, Number(asked.query["per_page"] ?? 30))
        .map((row) => listedDelivery(row, asked)),
    ),
  "repos/get-webhook-delivery": (asked) => said(shownDelivery(deliveryOf(asked), asked)),
  "repos/redeliver-webhook-delivery": (asked) => {
    asked.repository.hooks.again(deliveryOf(asked));
    return said({}, 202);
  },
};
