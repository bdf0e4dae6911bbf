/** Returns those of `names` that somebody who wrote `word` may have meant: few letters differ, or one begins with the other. */
export function closest(word: string, names: readonly string[]): readonly string[] {
  const typed = word.toLowerCase();
  const isClose = (name: string) =>
    distance(name, typed) <= Math.min(2, typed.length / 2) || (typed.length > 1 && (name.startsWith(typed) || (name.length > 3 && typed.startsWith(name))));
  return names.filter(isClose);
}

/** Returns the end of a sentence that offers `names`, nothing where there are none. */
export function didYouMean(names: readonly string[]): string {
  return names.length === 0 ? "" : `. Did you mean this? ${names.join(", ")}`;
}

/** Returns how many letters must be put in, taken out or changed to make `b` of `a` (Levenshtein), as cobra measures it. */
function distance(a: string, b: string): number {
  if (b.length > a.length + 2) return b.length;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === b[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
