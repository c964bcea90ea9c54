/**
 * The newest trades, and bars of a second. No DOM in here.
 *
 * @typedef {{sequence: bigint, timeNs: bigint, price: bigint, quantity: bigint, side: "bid" | "ask"}} Trade
 * @typedef {{gap: number, before: bigint}} Gap trades that were left out before the trade of that number
 * @typedef {{second: number, open: bigint, high: bigint, low: bigint, close: bigint, volume: bigint}} Bar
 */

const TRADES_MAX = 500;
const BARS_MAX = 3600;

/**
 * @param {[string, string, string, string, "bid" | "ask"]} wire
 * @returns {Trade}
 */
export function readTrade([sequence, timeNs, price, quantity, side]) {
  return { sequence: BigInt(sequence), timeNs: BigInt(timeNs), price: BigInt(price), quantity: BigInt(quantity), side };
}

/** @returns {Bar} */
export function readBar([second, open, high, low, close, volume]) {
  const numbers = [open, high, low, close, volume].map(BigInt);
  return { second, open: numbers[0], high: numbers[1], low: numbers[2], close: numbers[3], volume: numbers[4] };
}

/** The last trades, the newest at the end, and gaps where the server has left some out. */
export class Tape {
  constructor() {
    /** @type {(Trade | Gap)[]} */
    this.entries = [];
    /** How many entries were ever added: what somebody who draws the tape has seen already. */
    this.added = 0;
    /** How many trades the server has left out. */
    this.skipped = 0;
  }

  /**
   * @param {Trade[]} trades oldest first
   * @param {number} skipped how many were left out before them
   */
  add(trades, skipped) {
    if (skipped) {
      this.skipped += skipped;
      this.push({ gap: skipped, before: trades[0]?.sequence ?? 0n });
    }
    for (const trade of trades) this.push(trade);
    if (this.entries.length > 2 * TRADES_MAX) this.entries.splice(0, this.entries.length - TRADES_MAX);
  }

  push(entry) {
    this.entries.push(entry);
    this.added += 1;
  }

  /** @returns {Trade | undefined} */
  get last() {
    return this.entries.findLast((entry) => !("gap" in entry));
  }

  /**
   * Return the newest entries.
   * @param {number} count
   * @returns {(Trade | Gap)[]} oldest first
   */
  newest(count) {
    return this.entries.slice(this.entries.length - Math.min(count, this.entries.length, TRADES_MAX));
  }
}

/** One bar for each second with trades, the newest at the end. */
export class Bars {
  /** @param {Bar[]} bars oldest first */
  constructor(bars = []) {
    this.bars = bars;
  }

  /**
   * Take over the bars of an update: the one at hand as it is now, and new ones.
   * @param {Bar[]} bars oldest first
   */
  set(bars) {
    for (const bar of bars) {
      if (this.bars.at(-1)?.second === bar.second) this.bars.pop();
      this.bars.push(bar);
    }
    if (this.bars.length > 2 * BARS_MAX) this.bars.splice(0, this.bars.length - BARS_MAX);
  }

  /**
   * Return the newest bars, joined to longer ones.
   * @param {number} seconds of a bar
   * @param {number} count at most
   * @returns {Bar[]} oldest first
   */
  joined(seconds, count) {
    const joined = [];
    for (let at = this.bars.length - 1; at >= 0; at -= 1) {
      const bar = this.bars[at];
      const second = bar.second - (bar.second % seconds);
      const later = joined.at(-1);
      if (later?.second === second) {
        later.open = bar.open;
        if (bar.high > later.high) later.high = bar.high;
        if (bar.low < later.low) later.low = bar.low;
        later.volume += bar.volume;
      } else {
        if (joined.length === count) break;
        joined.push({ ...bar, second });
      }
    }
    return joined.reverse();
  }
}
