import { OciError, quote } from "../../base/mod.ts";
import type { Archives } from "../../content/mod.ts";
import type { ContentOptions, ContentPlace, Host } from "../../port/mod.ts";
import { type DockerArchiveLocation, formatLocation } from "../../spec/mod.ts";
import { type OpenImages, openDockerArchiveSource, openImages } from "./docker-archive-source.ts";
import { openDockerArchiveTarget } from "./docker-archive-target.ts";

/** What an archive of docker images needs of a host. */
export type DockerArchiveHost = Pick<Host, "files" | "hash" | "random" | "clock" | "compression">;

/** Opens archives of docker images; the images of one archive are looked at once a run. */
export type OpenDockerArchive = (location: DockerArchiveLocation) => Promise<ContentPlace>;

/** Returns what opens archives as `docker save` writes them: their images can be read, and one image can be written to a new one. */
export function openDockerArchives(host: DockerArchiveHost, archives: Archives): OpenDockerArchive {
  const known = new Map<string, Promise<OpenImages>>();
  return async (location) => {
    const path = host.files.absolute(location.path);
    const what = quote(formatLocation(location));
    const open = async (options: ContentOptions): Promise<OpenImages> => {
      const archive = await archives.open({ path, what: quote(`docker-archive:${location.path}`) }, options);
      const old = await known.get(path);
      if (old?.archive === archive) return old;
      const images = openImages(host.hash, archive, options);
      known.set(path, images);
      images.catch(() => known.delete(path));
      return images;
    };
    return {
      source: openDockerArchiveSource(host.hash, location, open),
      target: openDockerArchiveTarget(host, { location, path, what }),
      async removeName() {
        throw new OciError("UNSUPPORTED", `Cannot remove the name of ${what}: such an archive is written once and not edited, remove the file itself`);
      },
    };
  };
}
