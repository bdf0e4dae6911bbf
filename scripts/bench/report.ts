import { type Row, type Tools, toolNames } from "./measure.ts";

/** Prints rows as a table: our value, then each peer's with how many times ours it is. Returns whether every promise was kept. */
export function printRows(title: string, rows: readonly Row[], tools: Tools): boolean {
  const named = toolNames.map((name) => (tools.has(name) ? name : `${name} (missing)`));
  const lines = [[title, "", ...named, "promised"], ...rows.map(cells)];
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  for (const line of lines)
    console.log(
      line
        .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    );
  console.log("");
  return rows.every((row) => !isOver(row));
}

function cells(row: Row): readonly string[] {
  const ours = row.values.get("ocidex");
  const values = toolNames.map((name) => {
    const value = row.values.get(name);
    if (value === undefined) return "–";
    return name === "ocidex" || ours === undefined ? format(value) : `${format(value)} ×${(value / ours).toFixed(2)}`;
  });
  return [row.name, row.unit, ...values, row.limit === undefined ? "" : `≤ ${row.limit}${isOver(row) ? " OVER" : ""}`];
}

function isOver({ values, limit }: Row): boolean {
  return limit !== undefined && (values.get("ocidex") ?? 0) > limit;
}

function format(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(value < 10 ? 2 : 1);
}
