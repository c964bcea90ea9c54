/**
 * What this tab of the browser remembers: the token, the account, the symbol in the address.
 */

import { invalidate } from "./scheduler.js";

const TOKEN = "orderbook-token";
const ACCOUNT = "orderbook-account";

class Session {
  constructor() {
    /** Whether the server asks for tokens. */
    this.authentication = false;
  }

  /** @returns {string} empty where there is none */
  get token() {
    return sessionStorage.getItem(TOKEN) ?? "";
  }

  set token(token) {
    if (token) sessionStorage.setItem(TOKEN, token);
    else sessionStorage.removeItem(TOKEN);
    invalidate("session");
  }

  /** @returns {string} as it was typed */
  get account() {
    return sessionStorage.getItem(ACCOUNT) ?? "";
  }

  set account(account) {
    sessionStorage.setItem(ACCOUNT, account);
  }

  /** @returns {string | null} the symbol in the address */
  get symbol() {
    return new URL(location.href).searchParams.get("symbol");
  }

  /** @param {string} symbol */
  rememberSymbol(symbol) {
    const address = new URL(location.href);
    address.searchParams.set("symbol", symbol);
    history.replaceState(null, "", address);
  }
}

export const session = new Session();
