/**
 * The ticket: an order to be sent, and what the server says to it.
 */

import { account } from "../account.js";
import { build, setAttribute, setText } from "../dom.js";
import { market } from "../market.js";
import { postOrder, Refusal } from "../rest.js";
import { onFrame } from "../scheduler.js";
import { session } from "../session.js";
import { parseInteger } from "../units.js";
import { answerWords, refusalWords } from "../words.js";

/** @returns {string} a random id below 2^53, which every JSON reader holds exactly */
function randomId() {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return String((BigInt(high >>> 11) << 32n) | BigInt(low));
}

class ObTicket extends HTMLElement {
  connectedCallback() {
    this.parts = build(
      this,
      `<header class="panel-head"><h2>Ticket</h2>
         <button type="button" class="text-button" data-action="token" data-part="token">Token…</button></header>
       <form data-part="form" novalidate autocomplete="off">
         <fieldset class="sides"><legend class="hidden">Side</legend>
           <label class="side-bid"><input type="radio" name="side" value="bid" checked>▲ Buy</label>
           <label class="side-ask"><input type="radio" name="side" value="ask">▼ Sell</label>
         </fieldset>
         <label>Account<input name="account_id" inputmode="numeric" maxlength="20"></label>
         <label>Type<select name="order_type">
           <option value="limit">Limit</option>
           <option value="market">Market</option>
           <option value="immediate_or_cancel">Immediate or cancel</option>
           <option value="fill_or_kill">Fill or kill</option>
           <option value="post_only">Post only</option></select></label>
         <label><span>Price <small data-part="priceUnit"></small></span><input name="price" inputmode="decimal"
           maxlength="60"></label>
         <label><span>Quantity <small data-part="quantityUnit"></small></span><input name="quantity" inputmode="decimal"
           maxlength="60"></label>
         <label class="wide">Order id<input name="order_id" inputmode="numeric" maxlength="20"></label>
         <button class="submit wide" data-action="submit" data-part="submit">Buy</button>
       </form>
       <p class="answer" data-role="answer" data-code="" role="status" data-part="answer"></p>
       <ob-account></ob-account>`,
    );
    this.fields = this.parts.form.elements;
    this.fields.order_id.value = randomId();
    this.listen();
    onFrame(["instrument", "session"], () => this.paint());
  }

  listen() {
    const { form, token } = this.parts;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    form.addEventListener("input", () => {
      this.point();
      this.describe();
    });
    this.fields.account_id.addEventListener("change", () => this.chooseAccount());
    token.addEventListener("click", () => document.querySelector("ob-token").open());
    document.addEventListener("price-chosen", (event) => this.choosePrice(event.detail.price));
    document.addEventListener("answered", (event) => this.answer(event.detail.code, event.detail.words));
  }

  /** Take over another instrument or token. */
  paint() {
    const { instrument } = market;
    this.parts.token.hidden = !session.authentication;
    if (!instrument) return;
    setText(this.parts.quantityUnit, instrument.base);
    setText(this.parts.priceUnit, instrument.quote);
    if (!this.symbol) this.fields.account_id.value = session.account;
    if (this.symbol !== instrument.symbol) {
      for (const name of ["price", "quantity"]) this.fields[name].value = "";
      this.point();
      this.answer("", "");
    }
    if (this.symbol !== instrument.symbol || this.token !== session.token) {
      this.symbol = instrument.symbol;
      this.token = session.token;
      this.chooseAccount();
    }
    this.describe();
  }

  chooseAccount() {
    const text = this.fields.account_id.value.trim();
    session.account = text;
    account.choose(/^\d{1,20}$/.test(text) ? text : "");
  }

  choosePrice(price) {
    this.fields.price.value = market.tick.plain(price);
    if (this.fields.order_type.value === "market") this.fields.order_type.value = "limit";
    this.describe();
    (this.fields.quantity.value ? this.parts.submit : this.fields.quantity).focus();
  }

  /** Say on the button what it will do. */
  describe() {
    const { side, order_type, price, quantity } = this.fields;
    const atMarket = order_type.value === "market";
    price.disabled = atMarket;
    setAttribute(this.parts.form, "data-side", side.value);
    const words = [side.value === "bid" ? "Buy" : "Sell", quantity.value, market.instrument?.base];
    if (atMarket) words.push("at market");
    else if (price.value) words.push("at", price.value);
    setText(this.parts.submit, words.filter(Boolean).join(" "));
  }

  /** Read the form. @returns {object} the order as REST has it @throws {RangeError} */
  read() {
    const { side, order_type } = this.fields;
    const order = { symbol: market.instrument.symbol, side: side.value, order_type: order_type.value };
    order.account_id = this.readField("account_id", "account", parseInteger);
    if (order.order_type !== "market") order.price = this.readField("price", "price", (text) => market.tick.parse(text));
    order.quantity = this.readField("quantity", "quantity", (text) => market.lot.parse(text));
    order.order_id = this.readField("order_id", "order id", parseInteger);
    return order;
  }

  /** Read a field; where that is not possible, go there. @returns {string} digits @throws {RangeError} */
  readField(name, words, parse) {
    const text = this.fields[name].value;
    try {
      if (!text.trim()) throw new RangeError(`The ${words} is missing`);
      return String(parse(text, words));
    } catch (error) {
      this.point(name);
      this.fields[name].focus();
      throw error;
    }
  }

  /** Mark a field as wrong, and no other one. @param {string} [name] none where all are well, or not looked at yet */
  point(name) {
    for (const field of this.parts.form.querySelectorAll("input")) {
      setAttribute(field, "aria-invalid", String(field.name === name));
    }
  }

  async submit() {
    if (this.busy || !market.instrument) return;
    this.busy = true;
    this.parts.submit.disabled = true;
    try {
      this.point();
      this.chooseAccountIfOther();
      const order = this.read();
      const shown = market.instrument;
      const units = { tick: market.tick, lot: market.lot, instrument: shown };
      this.answer("", "Sending…");
      const answer = await postOrder(order);
      this.answer("ok", answerWords(answer, order.side, units));
      this.fields.order_id.value = randomId();
    } catch (error) {
      this.refuse(error);
    } finally {
      this.busy = false;
      this.parts.submit.disabled = false;
      account.refresh();
    }
  }

  /** A field that is filled and sent with Enter has not said that it has changed. */
  chooseAccountIfOther() {
    if (this.fields.account_id.value.trim() !== account.id) this.chooseAccount();
  }

  /** An id is kept where nothing answered: sent again, the order cannot rest twice. */
  refuse(error) {
    if (error instanceof RangeError) return this.answer("invalid_field", error.message);
    if (!(error instanceof Refusal)) throw error;
    this.answer(error.code, refusalWords(error, market.instrument));
    if (error.code !== "no_answer") this.fields.order_id.value = randomId();
  }

  /** @param {string} code empty: nothing is answered yet @param {string} words */
  answer(code, words) {
    setAttribute(this.parts.answer, "data-code", code);
    setText(this.parts.answer, code && code !== "ok" ? `${words} (${code})` : words);
  }
}

customElements.define("ob-ticket", ObTicket);
