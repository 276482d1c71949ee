/** One visit as the calls that a shop's pages and its server send, a few seconds to minutes apart. */
import type { Json } from "../../kernel/event.ts";
import type { Call } from "../replay/call.ts";
import { CAMPAIGNS, CATEGORIES, CHEAP, COMPANIES, DEAREST, productsOf, SOURCES, type Product } from "./catalogue.ts";
import type { Intent, Person, Visit } from "./people.ts";

/** What is remembered of a person between visits. */
export interface Memory {
  /** The person has said who it is. */
  identified: boolean;
  /** What was ordered last and not returned yet. */
  lastOrder: { readonly id: string; readonly product: Product } | null;
  orders: number;
  calls: number;
}

export interface VisitOptions {
  /** Begins every messageId: another life of the shop must not look like a repetition of this one. */
  readonly life: string;
  /** Group calls for some of those who are known. */
  readonly companies: boolean;
}

export function newMemory(): Memory {
  return { identified: false, lastOrder: null, orders: 0, calls: 0 };
}

/** Calls in the order of their time, made one by one when they are asked for. */
export function* visit(
  person: Person,
  { at, intent }: Visit,
  memory: Memory,
  options: VisitOptions,
): Generator<Call, void> {
  const { random } = person;
  const source = intent === "mail" ? "newsletter" : random.pick(SOURCES);
  let now = at;
  type Content = Pick<Call, "type"> & Partial<Call>;
  const call = (content: Content, campaign: string | null = null): Call => {
    const ids = memory.identified && person.userId !== null ? { userId: person.userId } : {};
    const made: Call = {
      messageId: `${options.life}-${person.index}-${++memory.calls}`,
      anonymousId: person.anonymousId,
      ...ids,
      timestamp: new Date(Math.floor(now)).toISOString(),
      context: { device: { type: person.device }, ...(campaign === null ? {} : { campaign: { source: campaign } }) },
      ...content,
    };
    now += random.between(4_000, 50_000);
    return made;
  };
  const page = (name: string, path: string, campaign: string | null = null): Call =>
    call({ type: "page", name, properties: { path, title: name } }, campaign);
  const track = (event: string, properties: Readonly<Record<string, Json>>): Call =>
    call({ type: "track", event, properties });
  const view = (product: Product): Call => track("Product Viewed", propertiesOf(product));
  const choose = (): Product => {
    const category = intent === "coats" ? "coats" : random.chance(0.65) ? person.favourite : random.pick(CATEGORIES);
    return random.pick(productsOf(category));
  };

  if (intent === "mail") {
    yield track("Email Opened", { campaign_id: random.pick(CAMPAIGNS), subject: "News from the shop" });
  }
  yield page("Home", "/", source === "direct" ? null : source);
  yield* signIn();
  const viewed: Product[] = [];
  for (let n = viewsFor(intent); n > 0; n--) {
    const product = choose();
    if (viewed.at(-1)?.category !== product.category) yield page("Category", `/${product.category}`);
    yield view(product);
    viewed.push(product);
  }
  if (intent === "cart") yield* fillCart(basket(), random.chance(0.4) ? "checkout" : "leave");
  if (intent === "order") yield* fillCart(basket(), "order");
  if (intent === "splurge") yield* fillCart([{ product: DEAREST, quantity: 4 }], "order");
  if (intent === "bargain") yield* fillCart([{ product: random.pick(CHEAP), quantity: 1 }], "order");
  if (intent === "browse" && memory.orders > 0 && random.chance(0.25)) {
    yield track("Review Written", { rating: random.whole(3, 5), category: person.favourite });
  }
  if (intent === "return" && memory.lastOrder !== null) {
    const { id, product } = memory.lastOrder;
    memory.lastOrder = null;
    yield track("Product Returned", { order_id: id, ...propertiesOf(product), total: product.cents / 100 });
  }

  function viewsFor(what: typeof intent): number {
    switch (what) {
      case "glance":
        return random.whole(0, 1);
      case "study":
        return random.whole(5, 9);
      case "coats":
        return random.whole(6, 9);
      case "return":
        return 0;
      case "mail":
        return random.whole(1, 3);
      case "browse":
      case "cart":
      case "order":
      case "splurge":
      case "bargain":
      case "subscribe":
        return random.whole(2, 5);
    }
  }

  /** The first time with an identify, later with a login where the browser has forgotten it. */
  function* signIn(): Generator<Call, void> {
    if (person.userId === null) return;
    const wanted = NEEDS_AN_ACCOUNT.includes(intent) || random.chance(0.5);
    if (memory.identified) {
      if (random.chance(0.3)) yield track("Signed In", { method: "password" });
      return;
    }
    if (!wanted) return;
    memory.identified = true;
    yield call({ type: "identify", traits: person.traits });
    yield track("Signed Up", { method: intent === "subscribe" ? "newsletter" : "account" });
    const company = COMPANIES[person.index % COMPANIES.length];
    if (!options.companies || company === undefined || random.chance(0.4)) return;
    const { id, ...traits } = company;
    yield call({ type: "group", groupId: id, traits });
  }

  function basket(): Item[] {
    const items: Item[] = [];
    for (let n = random.whole(1, 3); n > 0; n--) {
      const product = n === 1 ? (viewed.at(-1) ?? choose()) : choose();
      items.push({ product, quantity: product.cents < 5_000 ? random.whole(1, 3) : 1 });
    }
    if (random.chance(0.1)) items.push({ product: random.pick(productsOf("gifts")), quantity: 1 });
    return items;
  }

  function* fillCart(items: readonly Item[], end: "leave" | "checkout" | "order"): Generator<Call, void> {
    for (const { product, quantity } of items) yield track("Product Added", { ...propertiesOf(product), quantity });
    yield page("Cart", "/cart");
    if (end === "leave") return;
    const products = items.map(({ product, quantity }) => ({ ...propertiesOf(product), quantity }));
    const total = items.reduce((sum, { product, quantity }) => sum + product.cents * quantity, 0) / 100;
    yield track("Checkout Started", { total, currency: "EUR", products });
    if (end === "checkout") return;
    const id = `${options.life}-${person.index}-o${++memory.orders}`;
    const [first] = items;
    memory.lastOrder = first === undefined ? null : { id, product: first.product };
    const coupon = random.chance(0.15) ? { coupon: "WELCOME10" } : {};
    yield track("Order Completed", { order_id: id, total, currency: "EUR", ...coupon, products });
  }
}

interface Item {
  readonly product: Product;
  readonly quantity: number;
}

const NEEDS_AN_ACCOUNT: readonly Intent[] = ["order", "splurge", "bargain", "return", "subscribe"];

function propertiesOf({ cents, ...product }: Product): Readonly<Record<string, Json>> {
  return { ...product, price: cents / 100 };
}
