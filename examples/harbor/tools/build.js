/**
 * Builds all of Harbor: checks that every file is valid JavaScript, and writes dist/<service>.json with the digests of what the service is made of.
 * Needs no network and no package, and writes the same bytes for the same sources.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
process.chdir(ROOT);

const scriptsIn = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".js"))
    .sort()
    .map((name) => `${folder}/${name}`);
const digest = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");

const shared = scriptsIn("packages/shared");
const services = ["services", "apps"].flatMap((folder) =>
  readdirSync(folder).map((name) => ({ name, files: scriptsIn(`${folder}/${name}`) })),
);

const broken = [...shared, ...services.flatMap((service) => service.files)].filter((file) => {
  const check = spawnSync(process.execPath, ["--check", file], { stdio: ["ignore", "inherit", "inherit"] });
  return check.status !== 0;
});
if (broken.length > 0) {
  console.error(`build failed: ${broken.join(", ")}`);
  process.exit(1);
}

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");
for (const { name, files } of services) {
  const manifest = { service: name, files: Object.fromEntries([...files, ...shared].map((file) => [file, digest(file)])) };
  writeFileSync(path.join("dist", `${name}.json`), `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`built ${name}`);
}
