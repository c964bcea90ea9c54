/**
 * What the account of the ticket has, and its open orders.
 */

import { account } from "../account.js";
import { build, parts, setAttribute, setText, template } from "../dom.js";
import { market } from "../market.js";
import { deleteOrder, deleteOrders, Refusal } from "../rest.js";
import { onFrame } from "../scheduler.js";
import { refusalWords } from "../words.js";

const ROWS_MAX = 200;
const WIDTH = 14;

const makeRow = template(
  `<li><span class="order-side" data-part="side"></span><span class="price" data-part="price"></span><span
    data-part="quantity"></span><button type="button" class="icon-button" data-action="cancel"
    data-part="cancel">✕</button></li>`,
);

class ObAccount extends HTMLElement {
  connectedCallback() {
    this.parts = build(
      this,
      `<table class="balance" aria-label="Balance"><thead><tr><th scope="col">Balance</th><th
         scope="col">Available</th><th scope="col">Reserved</th></tr></thead><tbody>
         <tr><th scope="row" data-part="base"></th><td data-part="availableBase"></td><td
           data-part="reservedBase"></td></tr>
         <tr><th scope="row" data-part="quote"></th><td data-part="availableQuote"></td><td
           data-part="reservedQuote"></td></tr></tbody></table>
       <div class="orders-head"><h3 data-part="title">Open orders</h3>
         <button type="button" class="text-button" data-action="cancel-all" data-part="all">Cancel all</button></div>
       <p class="note" data-part="note"></p>
       <ol class="open-orders" data-part="orders" aria-label="Open orders"></ol>`,
    );
    /** @type {Map<string, HTMLElement>} rows by the order's id */
    this.rows = new Map();
    this.parts.all.addEventListener("click", () => this.cancelAll());
    this.parts.orders.addEventListener("click", (event) => {
      const button = event.target.closest("[data-action=cancel]");
      if (button) this.cancel(button.dataset.orderId);
    });
    onFrame(["account", "instrument"], () => this.paint());
  }

  paint() {
    const { instrument } = market;
    const { base, quote, title, all, note } = this.parts;
    setText(base, instrument?.base ?? "");
    setText(quote, instrument?.quote ?? "");
    this.paintBalance();
    const count = account.orders.length;
    setText(title, count ? `Open orders (${count})` : "Open orders");
    all.disabled = !count;
    setText(note, this.noteText(count));
    this.paintOrders();
  }

  noteText(count) {
    if (!account.id) return "Name an account to see its orders";
    if (account.refusal?.code === "no_answer") return "The server does not answer: this may be old";
    if (account.refusal) return `${refusalWords(account.refusal, market.instrument)} (${account.refusal.code})`;
    if (count > ROWS_MAX) return `The first ${ROWS_MAX} are shown`;
    return count ? "" : "None";
  }

  paintBalance() {
    for (const [name, unit] of [["Base", market.lot], ["Quote", market.value]]) {
      for (const kind of ["available", "reserved"]) {
        const cell = this.parts[kind + name];
        const amount = account.balance?.[kind + name];
        setText(cell, amount === undefined ? "–" : unit.short(amount, WIDTH));
        setAttribute(cell, "title", amount === undefined ? "" : unit.format(amount));
      }
    }
  }

  paintOrders() {
    const shown = account.orders.slice(0, ROWS_MAX);
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (ids.has(id)) continue;
      row.remove();
      this.rows.delete(id);
    }
    for (const [at, order] of shown.entries()) {
      const row = this.rows.get(order.id) ?? this.addRow(order.id);
      this.writeRow(row, order);
      if (this.parts.orders.children[at] !== row) this.parts.orders.insertBefore(row, this.parts.orders.children[at]);
    }
  }

  addRow(id) {
    const row = makeRow();
    row.dataset.orderId = id;
    row.title = `Order ${id}`;
    const { cancel } = parts(row);
    cancel.dataset.orderId = id;
    cancel.setAttribute("aria-label", `Cancel order ${id}`);
    this.rows.set(id, row);
    return row;
  }

  writeRow(row, { side, price, quantity }) {
    const cells = parts(row);
    setAttribute(row, "data-side", side);
    setText(cells.side, side === "bid" ? "▲ Buy" : "▼ Sell");
    setText(cells.price, market.tick.format(price));
    setText(cells.quantity, market.lot.short(quantity, WIDTH));
  }

  cancel(id) {
    return this.act(deleteOrder(market.instrument.symbol, account.id, id), ({ canceled }) => {
      return `Canceled order ${id}: ${market.lot.format(BigInt(canceled))} ${market.instrument.base}`;
    });
  }

  cancelAll() {
    return this.act(deleteOrders(market.instrument.symbol, account.id), ({ canceled_orders: count }) => {
      return `Canceled ${count} ${Number(count) === 1 ? "order" : "orders"}`;
    });
  }

  /** Await an answer and have the ticket show it. */
  async act(answer, words) {
    const detail = { code: "ok", words: "" };
    try {
      detail.words = words(await answer);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      detail.code = error.code;
      detail.words = refusalWords(error, market.instrument);
    } finally {
      account.refresh();
    }
    this.dispatchEvent(new CustomEvent("answered", { bubbles: true, detail }));
  }
}

customElements.define("ob-account", ObAccount);
