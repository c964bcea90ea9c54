/**
 * The best levels of one instrument, kept by snapshots and updates of the feed. No DOM in here.
 *
 * Each side is an array of levels, best first. Prices and quantities are bigints: numbers hold 53 bits, the exchange's
 * have 64. A message is read completely before anything changes, so that a broken one changes nothing.
 *
 * @typedef {{price: bigint, quantity: bigint, orders: number, change: number}} Level
 *   change: 1 where the last update has made the level larger, -1 smaller; who draws it sets it to 0
 * @typedef {[string, string, number]} WireLevel price, quantity, orders
 * @typedef {{bids: WireLevel[], asks: WireLevel[]}} WireLevels
 */

/** Order prices from the best on: of bids the highest, of asks the lowest. */
const BETTER = {
  bid: (a, b) => a > b,
  ask: (a, b) => a < b,
};

/** @param {WireLevel} wire @returns {Level} */
function readLevel([price, quantity, orders]) {
  return { price: BigInt(price), quantity: BigInt(quantity), orders, change: 0 };
}

/** One side of a book. */
export class BookSide {
  /** @param {"bid" | "ask"} side */
  constructor(side) {
    this.side = side;
    /** @type {Level[]} best first */
    this.levels = [];
  }

  /** @returns {Level | undefined} */
  get best() {
    return this.levels[0];
  }

  /**
   * Return where a price stands, or would stand.
   * @param {bigint} price
   * @returns {number}
   */
  position(price) {
    const better = BETTER[this.side];
    let low = 0;
    let high = this.levels.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (better(this.levels[middle].price, price)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Put a level in its place; with quantity 0, take it away.
   * @param {Level} level
   */
  set(level) {
    const at = this.position(level.price);
    const held = this.levels[at];
    const known = held !== undefined && held.price === level.price;
    if (level.quantity === 0n) {
      if (known) this.levels.splice(at, 1);
      return;
    }
    const before = known ? held.quantity : 0n;
    if (level.quantity === before) level.change = held.change;
    else level.change = level.quantity > before ? 1 : -1;
    if (known) this.levels[at] = level;
    else this.levels.splice(at, 0, level);
  }
}

/** Both sides. */
export class Book {
  constructor() {
    this.bids = new BookSide("bid");
    this.asks = new BookSide("ask");
  }

  /**
   * Replace everything.
   * @param {WireLevels} message
   */
  reset(message) {
    const [bids, asks] = [message.bids.map(readLevel), message.asks.map(readLevel)];
    this.bids.levels = bids;
    this.asks.levels = asks;
  }

  /**
   * Apply the changes of an update.
   * @param {WireLevels} message
   */
  apply(message) {
    const [bids, asks] = [message.bids.map(readLevel), message.asks.map(readLevel)];
    for (const level of bids) this.bids.set(level);
    for (const level of asks) this.asks.set(level);
  }

  /**
   * Return the middle between the best prices; with one side only, its best price.
   * @returns {bigint | undefined} in half ticks, as the middle may lie between two
   */
  get doubleMid() {
    const bid = this.bids.best?.price;
    const ask = this.asks.best?.price;
    if (bid === undefined || ask === undefined) {
      const only = bid ?? ask;
      return only === undefined ? undefined : 2n * only;
    }
    return bid + ask;
  }
}
