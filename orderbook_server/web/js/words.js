/**
 * What the server answers, in words for the person at the ticket. No DOM in here.
 */

/** Sentences for refusals that a person can do something about; the others come with the server's own words. */
const REFUSALS = {
  unauthenticated: "The server asks for a token, or does not know this one",
  permission_denied: "This token may not do that",
  account_mismatch: "The order belongs to another account, or the token does",
  unknown_account: "This account was never credited; obctl account credit does that",
  unknown_order: "No such order is open: it was filled or canceled",
  duplicate_order: "An order with this id is open already",
  invalid_quantity: "The quantity must be above 0",
  missing_price: "This type of order needs a price",
  crossed_order: "It would trade at once, which a post-only order must not",
  price_out_of_band: "The price is too far from the reference price",
  quantity_too_large: "The quantity is above what this market allows",
  notional_too_large: "The value is above what this market allows",
  numeric_overflow: "The value is more than the exchange can count",
  too_many_orders: "The account has as many orders open as this market allows",
  halted: "The market is halted",
  rate_limited: "Too many requests; wait a moment",
  journal_full: "The server has no room to keep another command",
};

/**
 * Say why something was refused.
 * @param {{code: string, message: string, field?: string}} refusal
 * @param {{base: string, quote: string}} instrument
 * @returns {string}
 */
export function refusalWords({ code, message }, { base, quote }) {
  if (code === "insufficient_base") return `Not enough ${base} is available`;
  if (code === "insufficient_quote") return `Not enough ${quote} is available`;
  return REFUSALS[code] ?? message;
}

/**
 * Say what became of an order.
 * @param {object} answer to its submission, as docs/web.md has it
 * @param {"bid" | "ask"} side
 * @param {import("./market.js").Market} market
 * @returns {string}
 */
export function answerWords({ order_id, fills, resting, unfilled }, side, { tick, lot, instrument }) {
  const said = [];
  const traded = fills.reduce((sum, fill) => sum + BigInt(fill.quantity), 0n);
  if (traded) {
    const value = fills.reduce((sum, fill) => sum + BigInt(fill.quantity) * BigInt(fill.price), 0n);
    const exact = value % traded === 0n;
    const price = `${exact ? "" : "about "}${tick.format((2n * value + traded) / (2n * traded))}`;
    const verb = side === "bid" ? "Bought" : "Sold";
    said.push(`${verb} ${lot.format(traded)} ${instrument.base} at ${price} ${instrument.quote}`);
  }
  if (resting) {
    const amount = `${lot.format(BigInt(resting.quantity))} ${traded ? "more" : instrument.base}`;
    said.push(`${amount} wait at ${tick.format(BigInt(resting.price))}`);
  } else if (BigInt(unfilled)) {
    const left = lot.format(BigInt(unfilled));
    said.push(traded ? `${left} were left and dropped` : "nothing traded, nothing waits");
  }
  return `Order ${order_id}: ${said.join("; ")}`;
}
