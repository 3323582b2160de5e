import { expect, test } from "vitest";
import { isSecret } from "../../../src/core/config/credentials.ts";

test("where a file is, is no secret, for the variables that are known to say that", () => {
  expect(isSecret("KUBECONFIG", "/home/ana/.kube/config")).toBe(false);
  expect(isSecret("KUBECONFIG", "/etc/kube/one:~/.kube/two:./three:../four five")).toBe(false);
  expect(isSecret("DOCKER_CONFIG", "/run/docker")).toBe(false);
  expect(isSecret("REGISTRY_AUTH_FILE", "/run/auth.json")).toBe(false);
});

test("everything else is one, also a text where a path should be", () => {
  expect(isSecret("TOKEN", "/home/ana/.kube/config")).toBe(true);
  expect(isSecret("TOKEN_FILE", "/run/token")).toBe(true);
  expect(isSecret("DOCKER_AUTH_CONFIG", '{"auths":{}}')).toBe(true);
  const texts = ["apiVersion: v1\nusers: []", "YXBpVmVyc2lvbjogdjEK/a", "/a\ntoken: x", "/a:token", "config", ""];
  expect(texts.filter((text) => !isSecret("KUBECONFIG", text))).toEqual([]);
});
