/** Which known name was probably meant by an unknown one. */

/** Longer names are not compared; nobody mistypes one and expects a guess. */
const MAX_LENGTH = 64;
/** Nor are more than the first so many candidates. */
const MAX_CANDIDATES = 2000;

/**
 * The candidate nearest to `name`: the same but for upper and lower case, or a few letters off (one in short names, up
 * to a third in longer ones). Null where nothing is near. Ties go to the first.
 */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  if (name.length > MAX_LENGTH || name === "") {
    return null;
  }
  const wanted = name.toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.min(4, Math.max(1, Math.floor(wanted.length / 3))) + 1;
  let seen = 0;
  for (const candidate of candidates) {
    if (++seen > MAX_CANDIDATES) {
      break;
    }
    if (candidate === name || Math.abs(candidate.length - name.length) >= bestDistance) {
      continue;
    }
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance);
    // A distance as long as the name itself says nothing: "a" is not nearly "b".
    if (distance < bestDistance && distance < wanted.length) {
      best = candidate;
      bestDistance = distance;
      if (distance === 0) {
        break;
      }
    }
  }
  return best;
}

/** As a hint of a diagnostic, or null. */
export function didYouMean(name: string, candidates: Iterable<string>): string | null {
  const near = nearest(name, candidates);
  return near === null ? null : `did you mean ${JSON.stringify(near)}?`;
}

/**
 * Letters to insert, delete, replace or swap with a neighbour to make `b` of `a` (optimal string alignment), or
 * `limit` where it is that much or more.
 */
function editDistance(a: string, b: string, limit: number): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let smallest = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (twoAbove[j - 2] ?? 0) + 1);
      }
      row.push(cost);
      smallest = Math.min(smallest, cost);
    }
    if (smallest >= limit) {
      return limit;
    }
    twoAbove = above;
    above = row;
  }
  return Math.min(above[b.length] ?? limit, limit);
}
