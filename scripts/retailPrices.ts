/** One thing that a stack leaves running. */
export interface CostItem {
  readonly what: string;
  readonly quantity: number;
  /** Equality filters of the Retail Prices API, beside the price type. */
  readonly filter: Readonly<Record<string, string>>;
  readonly spot?: boolean;
}

/** One line of the answer; undefined where the API has no such price. */
export interface CostLine extends CostItem {
  readonly hourly: number | undefined;
}

interface Price {
  readonly retailPrice: number;
  readonly unitOfMeasure: string;
  readonly productName: string;
  readonly skuName: string;
  readonly type: string;
  readonly tierMinimumUnits: number;
}

/** Hours of a month as Azure's calculator counts them. */
export const hoursPerMonth = 730;

/** Microsoft's address of the API, which needs no account (page "Azure Retail Prices REST API overview"). */
export const retailPricesUrl = "https://prices.azure.com/api/retail/prices";

/**
 * Looks the price of each item up.
 * @param url address of the API
 * @throws Error when the API answers with anything but prices
 */
export const priceItems = (items: readonly CostItem[], url: string): Promise<CostLine[]> =>
  Promise.all(items.map(async (item) => ({ ...item, hourly: await hourly(item, url) })));

async function hourly(item: CostItem, url: string): Promise<number | undefined> {
  const filter = Object.entries({ ...item.filter, priceType: "Consumption" })
    .map(([field, value]) => `${field} eq '${value}'`)
    .join(" and ");
  const prices: Price[] = [];
  for (
    let page: string | null = `${url}?currencyCode='USD'&$filter=${encodeURIComponent(filter)}`;
    page;
  ) {
    const response: Response = await fetch(page, { signal: AbortSignal.timeout(30_000) });
    if (!response.ok) throw new Error(`The Retail Prices API answered ${response.status}`);
    const answer = (await response.json()) as { Items: Price[]; NextPageLink: string | null };
    prices.push(...answer.Items);
    page = answer.NextPageLink;
  }
  const [price] = prices
    .filter((candidate) => fits(candidate, item.spot ?? false))
    .sort((one, other) => one.tierMinimumUnits - other.tierMinimumUnits);
  return price && perHour(price) * item.quantity;
}

/** Linux at the normal price, or at the spot price where asked: the API lists all of them under one size. */
const fits = ({ productName, skuName, type, unitOfMeasure }: Price, spot: boolean): boolean =>
  type === "Consumption" &&
  unitHours(unitOfMeasure) !== undefined &&
  !productName.includes("Windows") &&
  !skuName.includes("Low Priority") &&
  skuName.includes("Spot") === spot;

function unitHours(unit: string): number | undefined {
  const found = /^(\d+)[ /](Hour|Day|Month)s?$/.exec(unit);
  if (!found) return undefined;
  const hours = { Hour: 1, Day: 24, Month: hoursPerMonth }[found[2] as "Hour" | "Day" | "Month"];
  return Number(found[1]) * hours;
}

const perHour = ({ retailPrice, unitOfMeasure }: Price): number =>
  retailPrice / (unitHours(unitOfMeasure) ?? 1);
