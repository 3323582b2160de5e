import { OpenAPIHono } from "@hono/zod-openapi";
import * as read from "./routes/read.ts";
import * as write from "./routes/write.ts";
import { Hello } from "./schemas/events.ts";

export const routes = [...Object.values(read), ...Object.values(write)];

/** The OpenAPI 3.1 document of the schemas. Says nothing of where the server is, so that it is the same everywhere. */
export function openApiDocument() {
  const app = new OpenAPIHono();
  const registry = app.openAPIRegistry;
  registry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  registry.register("Hello", Hello);
  for (const route of routes) registry.registerPath({ tags: [route.path.split("/")[3] ?? "api"], ...route });
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Sluice",
      version: "1",
      description: "Continuous deployment for monorepos with many services. The CLI and the page use nothing but this.",
    },
    security: [{ token: [] }, {}],
  });
}
