import { parseObject } from "../../../host/answers.ts";
import { type Challenge, readChallenge } from "./challenge.ts";
import { RegistryError } from "./errors.ts";
import { type Answer, ask } from "./http.ts";
import { type Login, loginFor } from "./login.ts";
import type { Access, Repository } from "./reference.ts";

type Bearer = Extract<Challenge, { readonly scheme: "bearer" }>;
type Password = Extract<Login, { readonly kind: "password" }>;

/** What an answer 401 wants to be sent, and where the login for it was found (null: it takes anybody). Rejects with a `RegistryError`. */
export async function authorize(
  repository: Repository,
  challenged: Answer,
  access: Access,
): Promise<{ readonly header: string; readonly from: string | null }> {
  const challenge = readChallenge(challenged.headers["www-authenticate"]);
  if (challenge === null) throw new RegistryError("odd", `${repository.host} asks for a login of a kind that is not known`);
  const login = await loginFor(repository, access.env, access.signal);
  const from = login?.from ?? null;
  if (challenge.scheme === "bearer") return { header: `Bearer ${await tokenFor(repository, challenge, login, access)}`, from };
  if (login?.kind !== "password") throw noLogin(repository);
  return { header: basic(login), from };
}

async function tokenFor(repository: Repository, challenge: Bearer, login: Login | null, access: Access): Promise<string> {
  const { host, path } = repository;
  const url = new URL(challenge.realm);
  if (url.protocol !== "https:" && !(access.plain && url.protocol === "http:"))
    throw new RegistryError("odd", `${host} wants logins to be sent to ${url.protocol}//${url.host}, which is not safe`);
  const asked = {
    ...(challenge.service === null ? {} : { service: challenge.service }),
    scope: challenge.scope ?? `repository:${path}:pull`,
  };
  const answer = login?.kind === "identity" ? await exchanged(url, asked, login.token, access) : await given(url, asked, login, access);
  const said = parseObject(answer.text);
  const token = said?.["token"] ?? said?.["access_token"];
  if (answer.status === 200 && typeof token === "string") return token;
  if (answer.status === 429 || answer.status >= 500)
    throw new RegistryError("unreachable", `${url.host}, which gives out the tokens of ${host}, answered ${answer.status}`);
  throw login === null
    ? noLogin(repository)
    : new RegistryError("login", `${url.host} does not take the login for ${host} from ${login.from} (${answer.status})`);
}

const noLogin = ({ host }: Repository): RegistryError =>
  new RegistryError("login", `${host} asks for a login, and there is none for it: docker login ${host}, as the user that runs sluice`);

async function given(url: URL, asked: Readonly<Record<string, string>>, login: Password | null, access: Access): Promise<Answer> {
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  return await ask(url, { method: "GET", headers: login === null ? {} : { authorization: basic(login) }, access });
}

/** An identity token for one that lets read this repository, as OAuth 2 has it. */
async function exchanged(url: URL, asked: Readonly<Record<string, string>>, token: string, access: Access): Promise<Answer> {
  const body = new URLSearchParams({ ...asked, grant_type: "refresh_token", client_id: "sluice", refresh_token: token });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return await ask(url, { method: "POST", headers, body: body.toString(), access });
}

const basic = ({ username, password }: Password): string => `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
