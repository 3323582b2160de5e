import { describe, expect, test } from "vitest";
import { placeOf } from "../../../src/builders/image/config.ts";
import { digestOf } from "../../../src/builders/image/registry/registry.ts";
import { type Answer, type Asked, basic, DIGEST, found, homeWith, MANIFEST, missing, REGISTRY, serve, sha256 } from "./image-rig.ts";

const OTHER = MANIFEST.replace("{}", "[]");
type Options = { readonly env?: NodeJS.ProcessEnv; readonly signal?: AbortSignal; readonly insecure?: boolean };

function ask(
  host: string,
  reference: string,
  { env = { HOME: "/nowhere", XDG_RUNTIME_DIR: "/nowhere" }, signal = new AbortController().signal, insecure }: Options = {},
) {
  const { repository, plain } = placeOf({ repository: `${host}/harbor`, ...(insecure === undefined ? {} : { insecure }) });
  return digestOf(repository, reference, { plain, env, signal });
}
const answering = async (answer: (asked: Asked, host: string) => Answer | null, reference = "one", options: Options = {}) => {
  const { host, asked } = await serve(answer);
  return { asked, told: await ask(host, reference, options).catch((error: unknown) => error as Error), host };
};
const messageOf = (told: unknown): string => (told instanceof Error ? told.message : `no error: ${String(told)}`);

describe("a manifest", () => {
  test("of a tag is read and hashed; by digest it need only be there", async () => {
    const tag = await answering(() => found());
    expect(tag.told).toBe(DIGEST);
    expect(tag.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "HEAD /v2/harbor/manifests/one",
      `GET /v2/harbor/manifests/${DIGEST}`,
    ]);
    const digest = await answering(() => found(), DIGEST);
    expect(digest.told).toBe(DIGEST);
    expect(digest.asked).toHaveLength(1);
  });

  test("of a tag that is moved while it is asked for is what it was first", async () => {
    const { told } = await answering(({ method, url }) => (method === "HEAD" || url.endsWith(DIGEST) ? found() : found(OTHER)));
    expect(told).toBe(DIGEST);
  });

  test("is told by a registry that answers HEAD without the digest, or not at all", async () => {
    expect((await answering(() => ({ ...found(), headers: REGISTRY }))).told).toBe(DIGEST);
    expect((await answering(({ method }) => (method === "HEAD" ? { status: 405 } : found()))).told).toBe(DIGEST);
  });

  test("that is missing is told by a registry, by its header or its words", async () => {
    expect((await answering(() => missing)).told).toBeNull();
    expect((await answering(() => missing, DIGEST)).told).toBeNull();
    expect((await answering(() => ({ status: 404, body: missing.body ?? "" }))).told).toBeNull();
  });
});

describe("what does not tell", () => {
  test.each<readonly [string, Answer, RegExp]>([
    ["404 of what is no registry", { status: 404, body: "<html>not found" }, /answered 404 and is no registry/],
    ["a page", { body: "<html>welcome" }, /answered with something else than the manifest one/],
    ["an error of its own", { status: 503, headers: REGISTRY, body: `{"errors":[{"message":"out of\\u001b[31m disk"}]}` }, /answered 503/],
    ["too many questions", { status: 429 }, /wants to be asked less often/],
    [
      "403",
      { status: 403, body: `{"errors":[{"code":"DENIED","message":"denied"}]}` },
      /does not let anybody read harbor, or has no such repository \(403/,
    ],
    ["a login of another kind", { status: 401, headers: { "www-authenticate": "Negotiate" } }, /a login of a kind that is not known/],
    ["an answer without end", { body: `"${"x".repeat(5_000_000)}"` }, /larger than 4194304 bytes/],
  ])("%s", async (_, answer, message) => {
    const { told } = await answering(() => answer);
    expect(messageOf(told)).toMatch(message);
    expect(messageOf(told)).not.toMatch(/\p{Cc}/u);
  });

  test("content that is not what its digest says", async () => {
    const lying = { headers: { ...REGISTRY, "docker-content-digest": DIGEST }, body: OTHER };
    expect(messageOf((await answering(() => lying)).told)).toContain("answered with something else than the manifest sha256:");
    const other = { headers: { ...REGISTRY, "docker-content-digest": sha256(OTHER) }, body: OTHER };
    expect(messageOf((await answering(() => other, DIGEST)).told)).toContain(`something else than the manifest ${DIGEST}`);
  });

  test("a port where nothing listens, a name that is none, and plain HTTP where HTTPS is asked for", async () => {
    expect(messageOf(await ask("127.0.0.1:1", "one").catch((error: unknown) => error))).toBe("127.0.0.1:1 cannot be reached: ECONNREFUSED");
    expect(messageOf(await ask("nowhere.invalid", "one").catch((error: unknown) => error))).toMatch(
      /^nowhere\.invalid cannot be reached: E/,
    );
    const { told, host } = await answering(() => found(), "one", { insecure: false });
    expect(messageOf(told)).toBe(`${host} does not speak HTTPS; \`insecure: true\` asks it by plain HTTP`);
  });

  test("one that never answers, when whoever asks has waited long enough", async () => {
    const signal = AbortSignal.timeout(300);
    const { told } = await answering(() => null, "one", { signal });
    expect(told).toMatchObject({ name: "TimeoutError" });
  });
});

describe("logins", () => {
  const env = (host: string, entry: object = { auth: basic("ana", "pw") }) => ({
    HOME: homeWith({ ".docker/config.json": { auths: { [host]: entry } } }),
    XDG_RUNTIME_DIR: "/nowhere",
  });
  const challenge = (text: string): Answer => ({ status: 401, headers: { ...REGISTRY, "www-authenticate": text } });

  test("by Basic are sent when they are asked for, and not before", async () => {
    const { host, asked } = await serve(({ authorization }) =>
      authorization === `Basic ${basic("ana", "pw")}` ? found() : challenge(`Basic realm="x"`),
    );
    expect(await ask(host, "one", { env: env(host) })).toBe(DIGEST);
    expect(asked.map(({ authorization }) => authorization !== null)).toEqual([false, true, true]);
  });

  test("that are not taken, and none where one is needed, are told apart from missing, without the password", async () => {
    const { host } = await serve(() => challenge(`Basic realm="x"`));
    const wrong = messageOf(await ask(host, "one", { env: env(host) }).catch((error: unknown) => error));
    expect(wrong).toMatch(/does not take the login from .*config\.json \(401\)$/);
    expect(wrong).not.toContain("pw");
    expect(messageOf(await ask(host, "one").catch((error: unknown) => error))).toBe(
      `${host} asks for a login, and there is none for it: docker login ${host}, as the user that runs sluice`,
    );
  });

  /** A registry and, under /token, what gives out its tokens. */
  const guarded = (realm: (host: string) => string) =>
    serve((asked, host) => {
      if (asked.url.startsWith("/token")) {
        const mine = asked.authorization === `Basic ${basic("ana", "pw")}` || asked.body.includes("refresh_token=idt");
        return mine ? { body: `{"token":"for-${asked.method}"}` } : { status: 401, body: "{}" };
      }
      if (asked.authorization?.startsWith("Bearer for-")) return found();
      return challenge(`Bearer realm="${realm(host)}",service="reg, istry",scope="repository:harbor:pull"`);
    });

  test("by token: a password, or an identity token, is exchanged for one that lets read this repository", async () => {
    const { host, asked } = await guarded((at) => `http://${at}/token`);
    expect(await ask(host, "one", { env: env(host) })).toBe(DIGEST);
    expect(asked[1]?.url).toBe("/token?service=reg%2C+istry&scope=repository%3Aharbor%3Apull");
    expect(await ask(host, "one", { env: env(host, { identitytoken: "idt" }) })).toBe(DIGEST);
    expect(asked.find(({ method }) => method === "POST")?.body).toContain("grant_type=refresh_token");
    const refused = await ask(host, "one", { env: env(host, { auth: basic("ana", "wrong") }) }).catch((error: unknown) => error);
    expect(messageOf(refused)).toMatch(/does not take the login for .* from .*config\.json \(401\)$/);
    expect(messageOf(await ask(host, "one").catch((error: unknown) => error))).toContain("asks for a login, and there is none");
  });

  test("by token for anybody need none", async () => {
    const { host } = await serve((asked, at) =>
      asked.url.startsWith("/token")
        ? { body: `{"access_token":"any"}` }
        : asked.authorization === "Bearer any"
          ? found()
          : challenge(`Bearer realm="http://${at}/token"`),
    );
    expect(await ask(host, "one")).toBe(DIGEST);
  });

  test("are not sent where a registry by HTTPS would have them sent in the clear", async () => {
    const { host, asked } = await guarded(() => "ftp://elsewhere.example/token");
    const told = await ask(host, "one", { env: env(host) }).catch((error: unknown) => error);
    expect(messageOf(told)).toContain("wants logins to be sent to ftp://elsewhere.example, which is not safe");
    expect(asked.every(({ authorization }) => authorization === null)).toBe(true);
  });

  test("do not go along where the registry sends us on, which is followed a few times", async () => {
    const elsewhere = await serve(() => found());
    const { host } = await serve(({ authorization }) =>
      authorization === null ? challenge(`Basic realm="x"`) : { status: 307, headers: { location: `http://${elsewhere.host}/blob` } },
    );
    expect(await ask(host, "one", { env: env(host) })).toBe(DIGEST);
    expect(elsewhere.asked.map(({ authorization }) => authorization)).toEqual([null, null]);
    const round = await answering(({ url }) => ({ status: 302, headers: { location: url } }));
    expect(messageOf(round.told)).toContain("sends us on to");
    const down = await answering(() => ({ status: 302, headers: { location: "file:///etc/passwd" } }));
    expect(messageOf(down.told)).toContain("sends us on to file://");
  });
});
