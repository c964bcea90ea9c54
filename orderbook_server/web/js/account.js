/**
 * The account of the ticket: its open orders and what it has.
 */

import { feed } from "./feed.js";
import { market } from "./market.js";
import { getBalance, getOrders } from "./rest.js";
import { invalidate } from "./scheduler.js";

/**
 * @typedef {{id: string, side: "bid" | "ask", price: bigint, quantity: bigint}} OpenOrder
 * @typedef {{availableBase: bigint, reservedBase: bigint, availableQuote: bigint, reservedQuote: bigint}} Balance
 */

const POLL_MS = 1000;
const REFUSED_REST_MS = 5000;
/** Refusals that stand until the account or the token is another. */
const LASTING = ["unauthenticated", "permission_denied", "account_mismatch", "invalid_field"];

class Account {
  constructor() {
    /** @type {string} digits, or nothing */
    this.id = "";
    this.forget();
    setInterval(() => this.poll(), POLL_MS);
  }

  /** Forget what the server said. */
  forget() {
    /** @type {OpenOrder[]} */
    this.orders = [];
    /** Where its orders rest. @type {Record<"bid" | "ask", Set<bigint>>} */
    this.prices = { bid: new Set(), ask: new Set() };
    /** @type {Balance | undefined} */
    this.balance = undefined;
    /** @type {import("./rest.js").Refusal | undefined} */
    this.refusal = undefined;
    this.pausedUntil = 0;
    /** The sequence number at which it was asked for last. @type {bigint | undefined} */
    this.sequence = undefined;
    this.turn = Symbol("turn"); // answers to earlier questions are late
    this.busy = false;
    this.again = false;
    invalidate("account");
  }

  /**
   * Look at another account, or at the same one with another token or in another market.
   * @param {string} id digits, or nothing
   */
  choose(id) {
    this.id = id;
    this.forget();
    this.refresh();
  }

  /** Ask again where the market has gone on, and somebody looks. */
  poll() {
    if (document.hidden || feed.state !== "live" || this.sequence === market.sequence) return;
    if (performance.now() >= this.pausedUntil) this.refresh();
  }

  /** Ask the server now; while it is being asked, once more afterwards. */
  async refresh() {
    if (!this.id || !market.instrument) return;
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    this.sequence = market.sequence;
    const turn = this.turn;
    const { symbol } = market.instrument;
    const [orders, balance] = await Promise.allSettled([getOrders(symbol, this.id), getBalance(symbol, this.id)]);
    if (turn !== this.turn) return;
    this.busy = false;
    this.take(orders, balance);
    if (!this.again) return;
    this.again = false;
    this.refresh();
  }

  take(orders, balance) {
    this.refusal = balance.reason ?? orders.reason;
    if (this.refusal) {
      const lasting = LASTING.includes(this.refusal.code);
      this.pausedUntil = lasting ? Infinity : performance.now() + REFUSED_REST_MS;
    }
    if (orders.value) this.takeOrders(orders.value.orders);
    if (balance.value) this.takeBalance(balance.value);
    invalidate("account");
  }

  takeOrders(orders) {
    this.orders = orders.map(({ order_id, side, price, quantity }) => {
      return { id: String(order_id), side, price: BigInt(price), quantity: BigInt(quantity) };
    });
    this.prices = { bid: new Set(), ask: new Set() };
    for (const { side, price } of this.orders) this.prices[side].add(price);
  }

  takeBalance({ available_base, reserved_base, available_quote, reserved_quote }) {
    this.balance = {
      availableBase: BigInt(available_base),
      reservedBase: BigInt(reserved_base),
      availableQuote: BigInt(available_quote),
      reservedQuote: BigInt(reserved_quote),
    };
  }
}

export const account = new Account();
