import { createVerify, type KeyObject } from "node:crypto";

export type AppKey = { readonly slug: string; readonly publicKey: KeyObject };

/** Which App has signed this JWT, by RS256 and for now; null: none, or not for now. */
export function appOf(jwt: string, apps: ReadonlyMap<string, AppKey>, now: number): string | null {
  const [header = "", claims = "", signature = ""] = jwt.split(".");
  try {
    const { alg } = JSON.parse(Buffer.from(header, "base64url").toString()) as { alg: string };
    const { iss, iat, exp } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { iss: unknown; iat: number; exp: number };
    const app = apps.get(String(iss));
    const inTime = iat * 1000 <= now && exp * 1000 > now && exp - iat <= 660;
    if (!app || alg !== "RS256" || !inTime) return null;
    return createVerify("RSA-SHA256").update(`${header}.${claims}`).verify(app.publicKey, Buffer.from(signature, "base64url"))
      ? app.slug
      : null;
  } catch {
    return null;
  }
}
