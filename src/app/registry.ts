import type { AdapterSchema } from "../core/config/config.ts";
import type { Builder, Driver } from "../engine/ports/driver.ts";

const drivers: Readonly<Record<string, () => Promise<{ readonly driver: Driver }>>> = {
  process: () => import("../drivers/process/index.ts"),
  command: () => import("../drivers/command/index.ts"),
  helm: () => import("../drivers/helm/index.ts"),
  kubernetes: () => import("../drivers/kubernetes/index.ts"),
};
const builders: Readonly<Record<string, () => Promise<{ readonly builder: Builder }>>> = {
  bundle: () => import("../builders/bundle/index.ts"),
  command: () => import("../builders/command/index.ts"),
  image: () => import("../builders/image/index.ts"),
};

export const driverNames: readonly string[] = Object.keys(drivers);
export const builderNames: readonly string[] = Object.keys(builders);

/** Rejects for a name that is not registered: a recorded plan of a version that had it, or of one that has it not yet. */
export async function driver(name: string): Promise<Driver> {
  const load = Object.hasOwn(drivers, name) ? drivers[name] : undefined;
  if (load === undefined) throw new Error(`this version has no driver ${name}; it has ${driverNames.join(", ")}`);
  return (await load()).driver;
}

/** Rejects as `driver` does. */
export async function builder(name: string): Promise<Builder> {
  const load = Object.hasOwn(builders, name) ? builders[name] : undefined;
  if (load === undefined) throw new Error(`this version has no builder ${name}; it has ${builderNames.join(", ")}`);
  return (await load()).builder;
}

/** What every adapter's part of a config may say. */
export async function adapterSchemas(): Promise<readonly AdapterSchema[]> {
  const adapters = await Promise.all([...driverNames.map(driver), ...builderNames.map(builder)]);
  return adapters.map(({ schema }) => schema);
}
