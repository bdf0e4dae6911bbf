/** Moves a graph of content between two places, children first; it knows the ports only. */
export {
  type CompressionChange,
  changedCompression,
  compressImage,
  type ImageLayer,
  isChanged,
  readLayers,
} from "./compress.ts";
export { type ConvertedImage, convertImage, type ImageFormat } from "./convert.ts";
export { type CopyImageOptions, copyImage } from "./image.ts";
export { isRestrictedLayerType, type LayerCompression, layerCompression } from "./layer-type.ts";
export {
  type CopiedList,
  type CopyListOptions,
  type CopyListToAllOptions,
  copyList,
  copyListToAll,
  type ListContents,
  type ListDestination,
} from "./list.ts";
export { type FindReferrersOptions, type FoundReferrer, findReferrers, type Subject } from "./referrers.ts";
export { type PlannedWrite, type Rehearsal, type RehearseOptions, rehearse } from "./rehearsal.ts";
export { type CopyOptions, isSameRepository } from "./session.ts";
