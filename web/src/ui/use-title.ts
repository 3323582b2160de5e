import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { health } from "../lib/queries.ts";

/** The document's title: the page, the project, the product. */
export function useTitle(page: string): void {
  const { data } = useQuery(health);
  const project = data?.project;
  useEffect(() => {
    document.title = [page, project, "Sluice"].filter(Boolean).join(" · ");
  }, [page, project]);
}
