import type { Descriptor, Digest } from "../spec/mod.ts";

/** How a blob came to be where it should be. */
export type BlobOutcome = "copied" | "mounted" | "exists";

/** What happens while something runs. Nothing here is needed to use a result; a program shows it to a person. */
export type Event =
  /** Something the user should know; shown on standard error also when output is quiet of progress. */
  | { readonly type: "warning"; readonly message: string }
  /** A request is tried again. */
  | { readonly type: "retry"; readonly message: string; readonly wait: number; readonly attempt: number; readonly retries: number }
  /** A request was answered; what is secret in its URL is left out. */
  | { readonly type: "request"; readonly method: string; readonly url: string; readonly status: number }
  /** A layer is about to be compressed as `format`; `progress` tells how much of it was read. */
  | { readonly type: "compress"; readonly descriptor: Descriptor; readonly format: string }
  /** A layer has been compressed, and has this digest and size now. */
  | { readonly type: "compress-done"; readonly descriptor: Descriptor; readonly digest: Digest; readonly size: number }
  /** `images` are about to be copied, which come from a list of `total`. */
  | { readonly type: "copy"; readonly images: number; readonly total: number }
  /** One image of a list begins, number `at` of `total`, from 1. */
  | { readonly type: "image"; readonly descriptor: Descriptor; readonly at: number; readonly total: number }
  /** A blob begins; `kind` is what its manifest calls it. */
  | { readonly type: "blob"; readonly descriptor: Descriptor; readonly kind: "config" | "blob" }
  /** `bytes` more of a blob have gone. */
  | { readonly type: "progress"; readonly descriptor: Descriptor; readonly bytes: number }
  /** A blob is there, or, without an outcome, has come to no destination. */
  | { readonly type: "blob-done"; readonly descriptor: Descriptor; readonly outcome: BlobOutcome | undefined }
  /** A manifest is about to be written. */
  | { readonly type: "manifest"; readonly descriptor: Descriptor; readonly kind: "image" | "index"; readonly outcome: "written" | "exists" };

/** Takes events. It must not throw. */
export type Report = (event: Event) => void;
