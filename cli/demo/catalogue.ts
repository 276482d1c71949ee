/** What the shop of the demo sells, and to whom it writes. */

export interface Product {
  readonly product_id: string;
  readonly name: string;
  readonly brand: string;
  readonly category: string;
  /** Cents: whole numbers, so that totals are exact. */
  readonly cents: number;
}

type Shelf = readonly (readonly [name: string, brand: string, cents: number])[];

const SHELVES: Readonly<Record<string, Shelf>> = {
  jackets: [
    ["Rain jacket", "Nordwind", 8990],
    ["Denim jacket", "Officina", 7490],
    ["Leather jacket", "Lupo", 31900],
    ["Quilted jacket", "Nordwind", 11900],
  ],
  coats: [
    ["Wool coat", "Lupo", 24900],
    ["Trench coat", "Officina", 18900],
    ["Parka", "Nordwind", 21900],
    ["Cashmere coat", "Lupo", 54900],
  ],
  shoes: [
    ["Canvas shoes", "Passo", 4990],
    ["Running shoes", "Passo", 9990],
    ["Boots", "Nordwind", 14900],
    ["Loafers", "Lupo", 11900],
  ],
  hats: [
    ["Felt hat", "Lupo", 6990],
    ["Beanie", "Nordwind", 2490],
    ["Straw hat", "Officina", 3990],
  ],
  shirts: [
    ["Oxford shirt", "Officina", 4990],
    ["Linen shirt", "Officina", 5990],
    ["T-shirt", "Passo", 1990],
    ["Polo", "Passo", 3490],
  ],
  trousers: [
    ["Chinos", "Officina", 5990],
    ["Jeans", "Officina", 7990],
    ["Wool trousers", "Lupo", 10900],
  ],
  accessories: [
    ["Belt", "Lupo", 2990],
    ["Scarf", "Nordwind", 3990],
    ["Gloves", "Nordwind", 3490],
    ["Socks", "Passo", 990],
  ],
  gifts: [
    ["Gift card", "Shop", 2500],
    ["Gift box", "Shop", 1500],
  ],
};

/** Gifts are bought along with something else; nobody comes to look at them. */
export const CATEGORIES = Object.keys(SHELVES).filter((name) => name !== "gifts") as [string, ...string[]];

const PRODUCTS: ReadonlyMap<string, readonly Product[]> = new Map(
  Object.entries(SHELVES).map(([category, shelf]) => [
    category,
    shelf.map(([name, brand, cents], n) => ({
      product_id: `${category.slice(0, 2).toUpperCase()}-${100 + n}`,
      name,
      brand,
      category,
      cents,
    })),
  ]),
);

/** What those buy who look at the price first. */
export const CHEAP = [...PRODUCTS.values()].flat().filter(({ cents }) => cents < 2_000) as [Product, ...Product[]];

/** What somebody buys once, and tells about. */
export const DEAREST = [...PRODUCTS.values()].flat().reduce((best, one) => (one.cents > best.cents ? one : best));

export function productsOf(category: string): [Product, ...Product[]] {
  const [first, ...rest] = PRODUCTS.get(category) ?? [];
  if (first === undefined) throw new Error(`the shop has no ${category}`);
  return [first, ...rest];
}

export const FIRST_NAMES = namesIn(
  "Ada Bruno Chiara Davide Elena Franco Giulia Hugo Irene Jonas Klara Luca " +
    "Marta Nico Olga Paolo Rosa Silvia Teo Ugo Vera Walter Ylva Zoe",
);

export const LAST_NAMES = namesIn("Rossi Bianchi Conti Ferrari Gallo Keller Lang Marino Novak Ricci Sala Weber");

export const CITIES = [
  ["Torino", "IT"],
  ["Milano", "IT"],
  ["Roma", "IT"],
  ["Wien", "AT"],
  ["Zürich", "CH"],
  ["Lyon", "FR"],
] as const satisfies readonly (readonly [city: string, country: string])[];

export const SOURCES = ["google", "newsletter", "instagram", "direct", "partner"] as const;
export const CAMPAIGNS = ["spring-arrivals", "weekend-sale", "new-coats", "back-in-stock"] as const;

export const COMPANIES = [
  { id: "acme", name: "Acme Logistics", industry: "logistics", city: "Torino", employees: 240, revenue: 12_000_000 },
  { id: "brenta", name: "Brenta Studio", industry: "design", city: "Milano", employees: 18, revenue: 1_400_000 },
  {
    id: "corvo",
    name: "Corvo Automotive",
    industry: "automotive",
    city: "Torino",
    employees: 900,
    revenue: 85_000_000,
  },
  { id: "delta", name: "Delta Clinics", industry: "health", city: "Wien", employees: 310, revenue: 31_000_000 },
] as const;

function namesIn(text: string): [string, ...string[]] {
  return text.split(" ") as [string, ...string[]];
}
