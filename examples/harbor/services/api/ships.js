/** What lies at the quay. `arrived` is a date in UTC. */
export const SHIPS = [
  { name: "Albatross", berth: 1, tons: 4200, arrived: "2026-01-04" },
  { name: "Bonito", berth: 3, tons: 900, arrived: "2026-01-09" },
  { name: "Cormorant", berth: 4, tons: 12500, arrived: "2026-01-02" },
];
