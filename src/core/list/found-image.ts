import type { ContentSource } from "../port/mod.ts";
import type { Descriptor } from "../spec/mod.ts";
import type { EntrySource } from "../store/mod.ts";
import type { Reached } from "./reach.ts";

/** An image found: the entry it gives, and where its content comes from. */
export interface FoundImage {
  /** The entry. */
  readonly entry: Descriptor;
  /** Where its content lies; absent for a descriptor given as it is. */
  readonly source?: EntrySource;
  /** Where its content can be had in this run and no longer; absent where {@linkcode source} is enough at any time. */
  readonly content?: ContentSource;
  /** Whether the selection's os, architecture and variant have chosen it, so that they override nothing. */
  readonly selected: boolean;
  /** Whether the user stated its platform, which then wins over what an entry of the same image has. @default false */
  readonly stated?: boolean;
}

/** Is told of an image before its config is read, so that its place can be prepared meanwhile. */
export type Foresee = (source: ContentSource, descriptor: Descriptor) => void;

/** Where images are found. */
export interface Origin {
  /** What the user named. */
  readonly name: string;
  /** Returns where an entry is read, and everything that lies in it; undefined where nobody recorded it. */
  readonly sourceOf: (entry: Descriptor) => Promise<ContentSource | undefined>;
  /** Returns how the source of what was reached is recorded. */
  readonly pin: (reached: Reached) => EntrySource | undefined;
  /** Is told of images. */
  readonly foresee?: Foresee | undefined;
}

/** What is known of an image that was reached: where it is recorded to lie follows from the origin. */
export interface Found extends Omit<FoundImage, "source" | "content"> {
  /** Where it is read. */
  readonly from: ContentSource | undefined;
}

/** Returns what was reached as an image that was found. */
export function foundAt({ pin }: Origin, reached: Reached, { from, ...found }: Found): FoundImage {
  const source = pin(reached);
  return { ...found, ...(source && { source }), ...(from?.isTemporary === true && { content: from }) };
}
