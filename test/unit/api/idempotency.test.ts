import { expect, test, vi } from "vitest";
import { StoreError } from "../../../src/engine/ports/store.ts";
import { bearer, deploy, OWNER, send, serve } from "./serve.ts";

const key = { ...bearer(OWNER), "idempotency-key": "the-key-of-one-act" };
const idOf = (text: string): unknown => (JSON.parse(text) as { readonly run: { readonly id: unknown } }).run.id;

test("the same key with the same request is answered as before, and done once", async () => {
  const { server, control } = await serve();
  const first = await deploy(server, key);
  const second = await deploy(server, key);
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.text).toBe(first.text);
  expect(second.headers["content-type"]).toBe("application/json");
  expect([first.headers["idempotency-replayed"], second.headers["idempotency-replayed"]]).toEqual([undefined, "true"]);
  expect(control.acts).toHaveLength(1);
});

test("two at once are one", async () => {
  const { server, control } = await serve();
  const { promise, resolve } = Promise.withResolvers<void>();
  control.gate = promise;
  const replies = Promise.all([deploy(server, key), deploy(server, key)]);
  await expect.poll(() => control.deploysAsked).toBe(1);
  // A request that comes behind both has been answered: both are with the server.
  await send(server, "GET", "/api/v1/health");
  resolve();
  const [one, other] = await replies;
  expect(idOf(one.text)).toBe(idOf(other.text));
  expect(control.deploysAsked).toBe(1);
});

test("with another request, body or path, it is refused", async () => {
  const { server, control } = await serve();
  await deploy(server, key);
  const body = await deploy(server, key, '{"redeploy":true}');
  const path = await send(server, "POST", "/api/v1/rollbacks", { ...key, "content-type": "application/json" }, "{}");
  for (const reply of [body, path]) {
    expect(reply.status).toBe(422);
    expect(JSON.parse(reply.text)).toMatchObject({ code: "key-reused" });
  }
  expect(control.acts).toHaveLength(1);
});

test("another person's key is another one", async () => {
  const { server, control } = await serve();
  await deploy(server, { ...key, "sluice-actor": "ana" });
  await deploy(server, { ...key, "sluice-actor": "ben" });
  expect(control.acts.map((act) => act.by)).toEqual(["ana", "ben"]);
});

test("a refusal is an answer too, a failure of ours is none", async () => {
  const { server, control } = await serve();
  control.answer = { ok: false, code: "nothing-waits", message: "nothing waits" };
  const decide = () =>
    send(
      server,
      "POST",
      "/api/v1/decisions",
      { ...key, "content-type": "application/json" },
      '{"verdict":"approved","commit":"4f9c","environment":"mainnet"}',
    );
  const refused = [await decide(), await decide()];
  expect(refused.map((reply) => [reply.status, reply.headers["content-type"]])).toEqual([
    [409, "application/problem+json"],
    [409, "application/problem+json"],
  ]);
  expect(control.acts).toHaveLength(1);

  const other = { ...key, "idempotency-key": "the-key-of-another" };
  control.failure = new StoreError("full", "the disk is full");
  expect((await deploy(server, other)).status).toBe(507);
  control.failure = null;
  expect((await deploy(server, other)).status).toBe(201);
});

test("what has happened is answered also when the answer cannot be kept", async () => {
  const { server, control, errors } = await serve();
  const full = new StoreError("full", "the disk is full");
  vi.spyOn(control.store, "rememberAnswer").mockRejectedValueOnce(full);
  expect((await deploy(server, key)).status).toBe(201);
  expect(errors).toEqual([full]);
});

test("a key that is too short is refused", async () => {
  const { server } = await serve();
  expect((await deploy(server, { ...key, "idempotency-key": "short" })).status).toBe(400);
});
