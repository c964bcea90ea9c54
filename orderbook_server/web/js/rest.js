/**
 * The REST interface of the server, as far as the page needs it.
 */

import { session } from "./session.js";

const PATIENCE_MS = 10_000;

/** What the server has refused, or that it has not answered. */
export class Refusal extends Error {
  /**
   * @param {string} code as docs/web.md has them; `no_answer` where none came
   * @param {string} message
   * @param {string} [field] of the request, where one is wrong
   */
  constructor(code, message, field) {
    super(message);
    this.code = code;
    this.field = field;
  }
}

/**
 * @param {string} method
 * @param {string} path below /api/v1/
 * @param {Record<string, string>} query
 * @param {object} [body]
 * @returns {Promise<any>}
 * @throws {Refusal}
 */
async function call(method, path, query = {}, body = undefined) {
  const address = new URL(`api/v1/${path}`, new URL(".", location.href));
  address.search = new URLSearchParams(query);
  const headers = new Headers();
  if (session.token) headers.set("Authorization", `Bearer ${session.token}`);
  if (body) headers.set("Content-Type", "application/json");
  const signal = AbortSignal.timeout(PATIENCE_MS);
  let response, answer;
  try {
    response = await fetch(address, { method, headers, body: body && JSON.stringify(body), signal, cache: "no-store" });
    answer = await response.json();
  } catch {
    throw new Refusal("no_answer", "The server did not answer: what was asked for may have happened, or not");
  }
  if (response.ok) return answer;
  const { code, message, field } = answer.error ?? { code: String(response.status), message: response.statusText };
  throw new Refusal(code, message, field);
}

export const getInstruments = () => call("GET", "instruments");

/** @param {string} symbol @param {string} account_id */
export const getOrders = (symbol, account_id) => call("GET", "orders", { symbol, account_id });

/** @param {string} symbol @param {string} account_id */
export const getBalance = (symbol, account_id) => call("GET", "balance", { symbol, account_id });

/** @param {object} order as docs/web.md has it */
export const postOrder = (order) => call("POST", "orders", {}, order);

/** @param {string} symbol @param {string} account_id @param {string} order_id */
export const deleteOrder = (symbol, account_id, order_id) =>
  call("DELETE", `orders/${encodeURIComponent(order_id)}`, { symbol, account_id });

/** @param {string} symbol @param {string} account_id */
export const deleteOrders = (symbol, account_id) => call("DELETE", "orders", { symbol, account_id });
