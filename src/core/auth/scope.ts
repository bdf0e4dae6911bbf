/** What a token must allow, `repository:name:pull,push` (distribution `auth/scope`). */
export type Scope = string;

/** Returns the scope for `actions` on a repository. */
export function repositoryScope(repository: string, actions: readonly string[]): Scope {
  return `repository:${repository}:${actions.join(",")}`;
}

/**
 * Returns `scopes` with one per resource, in order of appearance: some token servers answer the last of two scopes for a
 * repository only, and some look at the first scope only, so what matters most must stand first.
 */
export function mergeScopes(scopes: readonly Scope[]): readonly Scope[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of scopes.flatMap((text) => text.split(" "))) {
    // The name of a resource may hold colons itself.
    const colon = scope.lastIndexOf(":");
    if (colon < 0) continue;
    const resource = scope.slice(0, colon);
    const known = actions.get(resource) ?? new Set();
    for (const action of scope.slice(colon + 1).split(",")) if (action !== "") known.add(action);
    actions.set(resource, known);
  }
  return [...actions].map(([resource, set]) => `${resource}:${[...set].join(",")}`);
}
