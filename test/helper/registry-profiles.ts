import type { FixedAnswer, RegistryOptions } from "./registry-types.ts";

/*
 * What known registries do that others do not, as far as somebody has reported it; each quirk names where. Reports are of their
 * day, so a profile is a collection of hurdles, not a portrait.
 */

const says = (status: number, code: string, message: string = code.toLowerCase().replaceAll("_", " ")): FixedAnswer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ errors: [{ code, message, detail: null }] }),
});

const plain = (status: number, body: string, headers: Readonly<Record<string, string>> = {}): FixedAnswer => ({ status, headers, body });

/** What distribution does in every version, and so what is built on it. */
const distribution: RegistryOptions = {
  // Delete is off by default.
  deleteTags: false,
  quirks: {
    // The limit of 4 MiB is answered as 400.
    largeManifest: says(400, "MANIFEST_INVALID"),
  },
};

/** Names of profiles. */
export const profileNames = [
  "strict",
  "Docker Hub",
  "ghcr.io",
  "quay.io",
  "ECR",
  "GAR",
  "ACR",
  "Harbor",
  "GitLab",
  "Artifactory",
  "zot",
  "distribution 2.8",
  "distribution 3",
] as const;

/** Name of a profile. */
export type ProfileName = (typeof profileNames)[number];

/** Profiles by name. */
export const profiles: Readonly<Record<ProfileName, RegistryOptions>> = {
  /** Nothing that the specification lets a registry refuse is let through. */
  strict: {
    auth: "bearer",
    allowMount: false,
    locationQuery: "?_state=a%20b~(c)&bare&p=%2F+",
    digestHeader: false,
    etag: true,
    referrers: true,
  },

  "Docker Hub": {
    auth: "bearer",
    // The realm is another host.
    tokenServer: "other",
    quirks: {
      // A source that does not exist spoils the token for a mount (ggcr#1679).
      scopeOfMissing: says(400, "DENIED"),
      // Without the types of lists in Accept the first child is answered (distribution#2395).
      childWithoutAccept: true,
      // Too much is answered in plain text that ends with a bare line feed (docker/hub-feedback#1907).
      throttle: [9, plain(429, "Too Many Requests (HAP429).\n", { "retry-after": "60", "content-type": "text/plain" })],
      // An index at the tag of a docker list was reported troublesome (manifest-tool#180).
      changedType: says(400, "MANIFEST_INVALID"),
    },
  },

  "ghcr.io": {
    auth: "bearer",
    quirks: {
      // Chunks of more than 4 MiB are refused (ocx-sh/ocx#237, rust-oci-client#37). That Accept must name the index is the default here.
      patchLimit: [4 * 1024 * 1024, plain(416, "request body too large")],
      // There is no referrers API.
      referrers: says(404, "NOT_FOUND"),
    },
  },

  "quay.io": {
    auth: "bearer",
    quirks: {
      // Missing children make a manifest invalid (podman#8242, podman#8353, buildah#2594).
      lacking: says(400, "MANIFEST_INVALID", "manifest invalid"),
      // The same layer twice is refused (container-libs#1017).
      repeatedLayer: says(400, "MANIFEST_INVALID"),
      // A mount needs a source (ggcr write.go).
      mountFromAnywhere: says(400, "BLOB_UPLOAD_INVALID"),
      // Chunked uploads were broken (oras-py#137).
      patch: says(400, "BLOB_UPLOAD_INVALID"),
      // Referrers are 400, not 404 (quay#3071).
      referrers: says(400, "MANIFEST_INVALID"),
      // 429 on bursts.
      throttle: [11, says(429, "TOOMANYREQUESTS")],
    },
  },

  ECR: {
    // Basic, with a password of twelve hours.
    auth: "basic",
    // A mount only where the registry is set so.
    allowMount: false,
    // Blobs lie in a storage that refuses credentials beside a signature (opa#6580, opa#6728).
    tokenServer: "other",
    quirks: {
      redirectsBlobs: true,
      // Repositories are made beforehand (sinker#55).
      missingRepository: says(404, "NAME_UNKNOWN", "The repository does not exist in the registry"),
      // Manifests without mediaType (containers/image#584).
      untypedManifest: says(405, "UNSUPPORTED"),
      // What Range says after a chunk stays where it was after the first (aws/containers-roadmap#2831), and chunks may be 201 (regclient scheme/reg/blob.go).
      stuckRange: true,
      chunkStatus: 201,
      // GET says no digest (Docker.Registry.DotNet#34).
      silentGet: true,
      // HEAD of what is missing is 400 (rules_oci#720).
      missingHead: { status: 400 },
      // Throttling has no Retry-After.
      throttle: [13, says(429, "TOOMANYREQUESTS", "Rate exceeded")],
    },
  },

  GAR: {
    auth: "bearer",
    location: "absolute",
    quirks: {
      // No chunked uploads (dotnet/sdk-container-builds#287, kitops#777, skopeo#1101).
      patch: says(404, "NOT_FOUND"),
      // Upload locations are very long.
      longLocation: 3000,
      // gcr.io: an index in an index (rules_oci#241), and children that are no images (buildkit#1143).
      nestedIndex: says(400, "MANIFEST_INVALID", "nested index not supported"),
      foreignChild: says(400, "MANIFEST_INVALID"),
    },
  },

  ACR: {
    auth: "bearer",
    // A refresh token is what one has; tokens are made by POST.
    identityToken: "refresh",
    tokenServer: "other",
    quirks: {
      // A copy of the registry has not heard of a blob yet, in about 10 % of pushes (Azure/acr#588, Azure/acr#880); here every second manifest.
      forgetful: [2, says(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")],
      // The storage of blobs refuses credentials (Azure/acr#217).
      redirectsBlobs: true,
    },
  },

  Harbor: {
    ...distribution,
    deleteTags: true,
    auth: "basic",
    quirks: {
      ...distribution.quirks,
      // The same child twice is 404 (distribution#4005).
      repeatedChild: says(404, "NOT_FOUND"),
      // A mount from a project that is missing is 401 (harbor#17097, ggcr#1393, ggcr#1404, ggcr#1609).
      mountFromMissing: says(401, "UNAUTHORIZED"),
      // What is missing has the code UNKNOWN (c/image).
      missingManifest: says(404, "UNKNOWN"),
      // HEAD and GET do not agree on the length (oras-go#1177).
      headLength: 7,
    },
  },

  GitLab: {
    ...distribution,
    deleteTags: true,
    auth: "bearer",
    quirks: {
      ...distribution.quirks,
      // Of several scopes for one repository the last counts (kaniko#181).
      lastScopeOnly: true,
      // A mount from another repository is 401 (manifest-tool#53).
      mount: says(401, "UNAUTHORIZED"),
      // No referrers API, and the fallback tag stands for the subject (oras-go#1396).
      referrers: says(404, "NOT_FOUND"),
      subjectTag: true,
    },
  },

  Artifactory: {
    auth: "bearer",
    allowMount: false,
    quirks: {
      // MANIFEST_INVALID without a detail, and 406 for referrers (ggcr#1962, ggcr#2026).
      lacking: says(400, "MANIFEST_INVALID"),
      referrers: plain(406, ""),
      // Some want PATCH, not one PUT (containerd#3533).
      wholeBlob: says(405, "UNSUPPORTED"),
      // A blob that is there is refused (kots#5940).
      knownBlob: says(403, "DENIED"),
      // A tag that is missing is 403 (cosign#2973).
      missingTag: says(403, "DENIED", "forbidden"),
    },
  },

  zot: {
    auth: "basic",
    referrers: true,
    quirks: {
      // Docker's types only with a compatibility setting, and what is missing makes a manifest invalid (pkg/storage).
      dockerTypes: says(400, "MANIFEST_INVALID"),
      lacking: says(400, "MANIFEST_INVALID"),
      // Older ones: a tag keeps its media type (zot#3005), and Range after a chunk is short (regclient#961).
      changedType: says(400, "MANIFEST_INVALID", "cannot change media-type"),
      stuckRange: true,
    },
  },

  // Forgets an upload whose connection breaks: seen with Debian's 2.8.2.
  "distribution 2.8": { ...distribution, forgetsBroken: true, auth: "basic", locationQuery: "?_state=x%3D%3D", location: "absolute" },

  // Keeps an upload whose connection breaks: seen with 3.0.
  "distribution 3": { ...distribution, auth: "bearer", locationQuery: "?_state=x%3D%3D", location: "absolute" },
};
