import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRateLimit, sourceOf } from "../../ingest/rate-limit.ts";
import { SluiceError } from "../../kernel/errors.ts";

function limited(eventsPerSecond: number, addressesMax?: number) {
  const time = { ms: 1_000 };
  const options = { eventsPerSecond, now: () => time.ms };
  const limit = createRateLimit(addressesMax === undefined ? options : { ...options, addressesMax });
  /** Seconds to wait, 0 where it was taken. */
  const take = (address: string, events = 1): number => {
    try {
      limit.take(address, events);
      return 0;
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== "rate_limited") throw error;
      return error.retryAfterSeconds ?? Number.NaN;
    }
  };
  return { time, limit, take };
}

describe("an address", () => {
  test("may send ten seconds' worth at once, then at the pace", () => {
    const { time, take } = limited(5);
    for (let i = 0; i < 50; i++) expect(take("a")).toBe(0);
    expect(take("a")).toBe(1);
    time.ms += 200;
    expect(take("a")).toBe(0);
    expect(take("a")).toBe(1);
    expect(take("b")).toBe(0);
  });

  test("pays for a large batch with the wait after it, and is told how long", () => {
    const { time, take, limit } = limited(10);
    expect(take("a", 500)).toBe(0);
    const wait = take("a");
    expect(wait).toBe(41);
    expect(() => limit.check("a")).toThrow("too many events from this address");
    time.ms += wait * 1000;
    expect(() => limit.check("a")).not.toThrow();
    expect(take("a")).toBe(0);
  });

  test("never sends more than the burst and the pace allow, whatever it tries", () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 1, max: 9 })));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), steps, (rate, tries) => {
        const { time, take } = limited(rate);
        const begin = time.ms;
        let taken = 0;
        for (const [pause, events] of tries) {
          time.ms += pause;
          if (take("a", events) === 0) taken += events;
          // The last batch that is let in may overdraw.
          expect(taken).toBeLessThan(((time.ms - begin) / 1000 + 10) * rate + 9 + 1e-6);
        }
      }),
    );
  });
});

test("addresses beyond the bound push out the one that has been silent longest", () => {
  const { take } = limited(1, 2);
  expect(take("a", 100)).toBe(0);
  expect(take("b", 100)).toBe(0);
  expect(take("a")).toBeGreaterThan(0);
  expect(take("c", 100)).toBe(0);
  expect(take("b")).toBeGreaterThan(0);
  expect(take("a")).toBe(0);
});

test.each([
  ["10.1.2.3", "10.1.2.3"],
  ["::ffff:10.1.2.3", "10.1.2.3"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:DB8:1:2::6", "2001:db8:1:2"],
  ["2001:0db8:0001:0002:ffff::", "2001:db8:1:2"],
  ["2001:db8::5:6", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
])("%s counts as %s", (address, source) => {
  expect(sourceOf(address)).toBe(source);
});
