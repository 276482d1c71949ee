import { realInput } from "../retail/input.ts";

/** Clicks of anonymous sessions; none has more different products than the shop, 217. */
export const ESHOP = realInput(
  '"Clickstream Data for Online Shopping", data set 553 of the UCI repository',
  "eshop_clothing_2008.csv.gz",
  "eshop-clothing",
  new URL("./", import.meta.url),
  1_000,
);
