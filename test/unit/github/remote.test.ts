import { expect, it } from "vitest";
import { namedRepository, remoteOf } from "../../../src/github/gates/remote.ts";

const GITHUB = "https://github.com";
it.each([
  ["https://github.com/acme/harbor.git", GITHUB],
  ["https://github.com/acme/harbor", GITHUB],
  ["https://github.com/acme/harbor/", GITHUB],
  ["https://ana:secret@github.com/acme/harbor.git", GITHUB],
  ["git@github.com:acme/harbor.git", GITHUB],
  ["github.com:acme/harbor", GITHUB],
  ["ssh://git@github.com/acme/harbor.git", GITHUB],
  ["ssh://git@ssh.github.com:443/acme/harbor.git", GITHUB],
  ["git://github.com/acme/harbor.git", GITHUB],
  ["https://git.acme.example:8443/acme/harbor.git", "https://git.acme.example:8443"],
  ["ssh://git@git.acme.example:2222/acme/harbor.git", "https://git.acme.example"],
  ["git@acme.ghe.com:acme/harbor.git", "https://acme.ghe.com"],
])("%s is acme/harbor at %s", (address, server) => {
  expect(remoteOf(address)).toEqual({ server, repository: "acme/harbor" });
});

it.each([
  "",
  "../harbor",
  "/srv/git/harbor.git",
  "file:///srv/git/acme/harbor.git",
  "https://github.com/harbor",
  "https://github.com/a/b/c",
  "https://github.com/../harbor",
  "git@github.com:acme/..",
  "git@github.com:harbor",
  "ext::sh -c x",
  "https://github.com/acme/ha%20rbor",
])("%s is none", (address) => {
  expect(remoteOf(address)).toBeNull();
});

it("names one as gh does", () => {
  expect(namedRepository("acme/harbor", GITHUB)).toEqual({ server: GITHUB, repository: "acme/harbor" });
  expect(namedRepository("git.acme.example/acme/harbor", GITHUB)).toEqual({
    server: "https://git.acme.example",
    repository: "acme/harbor",
  });
  expect([namedRepository("harbor", GITHUB), namedRepository("a/b/c/d", GITHUB), namedRepository("", GITHUB)]).toEqual([null, null, null]);
});
