/**
 * Who may import whom: ARCHITECTURE.md's table of folders. A folder may always import itself.
 * `each: true` marks folders of adapters, where every subfolder stands alone and never imports a sibling.
 */
const FOLDERS = {
  core: { may: [] },
  contract: { may: ["core"] },
  engine: { may: ["core"] },
  host: { may: [] },
  adapter: { may: ["core"] },
  cluster: { may: ["core", "engine/ports", "host"] },
  store: { may: ["core", "engine/ports", "host"] },
  source: { may: ["core", "engine/ports"] },
  executor: { may: ["core", "engine/ports", "host"], each: true },
  drivers: { may: ["core", "engine/ports", "host", "adapter", "cluster"], each: true },
  builders: { may: ["core", "engine/ports", "host", "adapter"], each: true },
  github: { may: ["core", "contract", "engine/ports"] },
  api: { may: ["core", "contract", "engine"] },
  cli: { may: ["core", "contract"] },
};

/** npm packages that the core may use: pure ones, without I/O. */
const CORE_PACKAGES = ["yaml", "zod", "@noble/hashes"];

const OUR_CODE = "^(src|web|test|tools|benchmarks|examples|bin)/";
const rule = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

const folderRules = Object.entries(FOLDERS).map(([folder, { may, each }]) => {
  const own = each ? `^src/${folder}/$1/` : `^src/${folder}/`;
  return rule(
    `${folder}-imports`,
    `src/${folder} may import ${["itself", ...may].join(", ")}${each ? ", and its subfolders never each other" : ""}`,
    { path: each ? `^src/${folder}/([^/]+)/` : `^src/${folder}/` },
    { path: OUR_CODE, pathNot: [own, ...may.map((other) => `^src/${other}/`)] },
  );
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...folderRules,
    rule(
      "folder-in-table",
      "every folder of src has its row in the table above",
      { path: "^src/", pathNot: ["^src/app/", ...Object.keys(FOLDERS).map((folder) => `^src/${folder}/`)] },
      {},
    ),
    rule("app-imports", "the product does not import its tests or tools", { path: "^src/app/" }, { path: OUR_CODE, pathNot: "^src/" }),
    rule("nobody-imports-app", "app is the composition root", { path: "^(src|web)/", pathNot: "^src/app/" }, { path: "^src/app/" }),
    rule(
      "web-imports",
      "the page knows the contract and nothing else of src",
      { path: "^web/" },
      { path: OUR_CODE, pathNot: ["^web/", "^src/contract/"] },
    ),
    rule("core-has-no-io", "the core has no I/O, clock or ids of its own", { path: "^src/core/" }, { dependencyTypes: ["core"] }),
    rule(
      "core-packages",
      `the core uses ${CORE_PACKAGES.join(", ")} and no other package`,
      { path: "^src/core/" },
      { path: "node_modules/", pathNot: CORE_PACKAGES.map((name) => `node_modules/${name}/`) },
    ),
    rule(
      "no-dev-dependency-in-src",
      "an installed sluice has no dev dependencies",
      { path: "^src/" },
      { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    ),
    rule(
      "no-cycles",
      "cycles of types alone are allowed: they are gone when the program runs",
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    ),
    rule("not-resolved", "an import that leads nowhere", {}, { couldNotResolve: true }),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".tsx", ".js", ".json"],
    },
  },
};
