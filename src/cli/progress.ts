import type { BlobOutcome, Clock, Event, Report } from "../core/port/mod.ts";
import type { Digest } from "../core/spec/mod.ts";
import type { Output } from "./output.ts";
import { formatBytes, formatSeconds } from "./units.ts";

/** How to show what happens. */
export interface ProgressOptions {
  /** Measures rates and keeps redrawing rare. */
  readonly clock: Clock;
  /** Whether only warnings and retries are shown. */
  readonly quiet: boolean;
}

/** Milliseconds between two drawings. */
const pause = 100;
/** Blobs shown at once. */
const maximumRows = 10;

interface Running {
  readonly label: string;
  readonly size: number;
  readonly since: number;
  done: number;
}

/** Returns a report in buildah's words: plain lines, or on a terminal one line per running blob, drawn anew as it grows. */
export function createReport(output: Output, { clock, quiet }: ProgressOptions): Report {
  const running = new Map<Digest, Running>();
  let drawnAt = Number.NEGATIVE_INFINITY;
  const draw = (now: number): void => {
    drawnAt = now;
    output.live(renderRows([...running.values()], now, output.columns() - 1));
  };
  const showLive = (event: Event): void => {
    const now = clock.monotonic();
    if (event.type === "blob" || event.type === "compress")
      running.set(event.descriptor.digest, { label: labelOf(event), size: event.descriptor.size, since: now, done: 0 });
    if (event.type === "progress") {
      const row = running.get(event.descriptor.digest);
      if (row !== undefined) row.done += event.bytes;
      if (now - drawnAt < pause) return;
    }
    if (event.type === "blob-done" || event.type === "compress-done") {
      const row = running.get(event.descriptor.digest);
      running.delete(event.descriptor.digest);
      output.live([]);
      const text = row && (event.type === "blob-done" ? finished(row, event.outcome, now) : compressed(row, event.size, now));
      if (text !== undefined) output.note(text);
    }
    const text = event.type === "blob" || event.type === "compress" ? undefined : describeEvent(event);
    if (text !== undefined) output.note(text);
    draw(now);
  };
  return (event) => {
    if (event.type === "warning") output.warn(event.message);
    else if (event.type === "retry") output.log("warn", describeRetry(event));
    else if (event.type === "request") output.log("debug", `${event.method} ${event.url}: ${event.status}`);
    else if (quiet) return;
    else if (output.isLive) showLive(event);
    else {
      const text = describeEvent(event);
      if (text !== undefined) output.note(text);
    }
  };
}

/** Returns the line buildah prints for `event` where there is no terminal; undefined where it prints none. */
function describeEvent(event: Event): string | undefined {
  if (event.type === "copy") return `Copying ${event.images} images generated from ${event.total} images in list`;
  if (event.type === "image") return `Copying image ${event.descriptor.digest} (${event.at}/${event.total})`;
  if (event.type === "blob") return `Copying ${event.kind} ${event.descriptor.digest}`;
  if (event.type === "compress") return `Compressing blob ${event.descriptor.digest} with ${event.format}`;
  if (event.type !== "manifest") return undefined;
  const list = event.kind === "index" ? " list" : "";
  return event.outcome === "exists" ? `Manifest${list} ${event.descriptor.digest} is there already` : `Writing manifest${list} to image destination`;
}

function describeRetry({ message, wait, attempt, retries }: Extract<Event, { type: "retry" }>): string {
  return `Failed, retrying in ${formatSeconds(wait / 1000)} ... (${attempt}/${retries}). Error: ${message}`;
}

function labelOf(event: Extract<Event, { type: "blob" | "compress" }>): string {
  const { digest } = event.descriptor;
  const name = digest.slice(digest.indexOf(":") + 1).slice(0, 12);
  return event.type === "blob" ? `Copying ${event.kind} ${name}` : `Compressing blob ${name}`;
}

function finished(row: Running, outcome: BlobOutcome | undefined, now: number): string | undefined {
  if (outcome === undefined) return undefined;
  if (outcome === "exists") return `${row.label} skipped: already exists`;
  if (outcome === "mounted") return `${row.label} mounted`;
  return `${row.label} done ${formatBytes(row.size)} in ${formatSeconds((now - row.since) / 1000)}`;
}

function compressed(row: Running, size: number, now: number): string {
  return `${row.label} done ${formatBytes(row.size)} to ${formatBytes(size)} in ${formatSeconds((now - row.since) / 1000)}`;
}

function renderRows(rows: readonly Running[], now: number, columns: number): readonly string[] {
  const shown = rows.slice(0, maximumRows).map((row) => renderRow(row, now, columns));
  return rows.length > maximumRows ? [...shown, `and ${rows.length - maximumRows} more`.slice(0, columns)] : shown;
}

/** `Copying blob 0123456789ab [=====>    ] 1.2 MiB / 4.5 MiB  800 KiB/s  5s`; the bar takes what room is left and goes first when there is none. */
function renderRow(row: Running, now: number, columns: number): string {
  const seconds = (now - row.since) / 1000;
  const rate = seconds > 0 ? row.done / seconds : 0;
  const left = rate > 0 && row.done < row.size ? `  ${formatSeconds((row.size - row.done) / rate)}` : "";
  const figures = `${formatBytes(row.done)} / ${formatBytes(row.size)}  ${formatBytes(rate)}/s${left}`;
  const room = Math.min(30, columns - row.label.length - figures.length - 4);
  const bar = room < 5 ? "" : `[${barOf(row.size === 0 ? 1 : row.done / row.size, room)}] `;
  return `${row.label} ${bar}${figures}`.slice(0, columns);
}

function barOf(part: number, room: number): string {
  const full = Math.min(room, Math.floor(Math.max(0, part) * room));
  return (full < room ? `${"=".repeat(full)}>` : "=".repeat(room)).padEnd(room);
}
