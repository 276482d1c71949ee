/** Waits for a condition instead of a time. */

/** Calls `condition` until it gives something other than false, undefined or an error; fails after 20 s. */
export async function until<T>(condition: () => T | Promise<T>): Promise<Exclude<T, false | undefined>> {
  const end = performance.now() + 20_000;
  for (;;) {
    let failure: unknown = new Error("the condition did not come true");
    try {
      const value = await condition();
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > end) throw failure;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
