import { OciError, quote } from "../../base/mod.ts";
import type { Archives } from "../../content/mod.ts";
import type { ContentOptions, ContentPlace, ContentSource, Host } from "../../port/mod.ts";
import { type DockerArchiveLocation, formatLocation } from "../../spec/mod.ts";
import { type NamedImage, type OpenImages, openDockerArchiveSource, openImages } from "./docker-archive-source.ts";
import { openDockerArchiveTarget } from "./docker-archive-target.ts";

/** What an archive of docker images needs of a host. */
export type DockerArchiveHost = Pick<Host, "files" | "hash" | "random" | "clock" | "environment" | "compression">;

/** Archives as `docker save` writes them; the images of one archive are looked at once a run. */
export interface DockerArchives {
  /** Returns an archive whose images can be read, and to which, where there is none yet, one image can be written. */
  place(location: DockerArchiveLocation): ContentPlace;
  /** Returns the one image of the archive in a file; `name` is what it is called in messages. */
  image(path: string, name: string): ContentSource;
}

interface Reading {
  readonly path: string;
  /** The archive in words, for messages. */
  readonly archiveName: string;
  readonly image: NamedImage;
}

/** Returns what opens archives of docker images. */
export function openDockerArchives(host: DockerArchiveHost, archives: Archives): DockerArchives {
  const known = new Map<string, Promise<OpenImages>>();
  const read = ({ path, archiveName, image }: Reading): ContentSource =>
    openDockerArchiveSource(host.hash, image, async (options: ContentOptions) => {
      const archive = await archives.open({ path, what: quote(archiveName) }, options);
      const old = await known.get(path);
      if (old?.archive === archive) return old;
      const images = openImages(host.hash, archive, options);
      known.set(path, images);
      images.catch(() => known.delete(path));
      return images;
    });
  return {
    image: (path, name) => read({ path, archiveName: name, image: { name } }),
    place(location) {
      const path = host.files.absolute(location.path);
      const name = formatLocation(location);
      return {
        source: read({ path, archiveName: `docker-archive:${location.path}`, image: { ...location, name } }),
        target: openDockerArchiveTarget(host, { location, path, what: quote(name) }),
        async removeName() {
          throw new OciError("UNSUPPORTED", `Cannot remove the name of ${quote(name)}: such an archive is written once and not edited, remove the file itself`);
        },
      };
    },
  };
}
