/**
 * Ticks and lots as people read them: whole numbers times a decimal size, exactly. No DOM in here.
 */

const MAX = 2n ** 64n - 1n;
const DECIMAL = /^(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d{1,3}))?$/;
const SUFFIXES = ["", "k", "M", "G", "T", "P", "E"];

/**
 * Read a decimal, of which the value is `digits / 10 ** scale`, without trailing zeros behind the point.
 * @param {string} text
 * @returns {{digits: bigint, scale: number}}
 * @throws {RangeError} where the text is no decimal
 */
export function parseDecimal(text) {
  const match = DECIMAL.exec(text.trim());
  if (!match) throw new RangeError(`“${text.trim()}” is not a number like 1234.5`);
  const [whole, fraction = ""] = match[1].split(".");
  const exponent = Number(match[2] ?? 0);
  let digits = BigInt(whole + fraction);
  let scale = fraction.length - exponent;
  while (scale > 0 && digits % 10n === 0n) {
    digits /= 10n;
    scale -= 1;
  }
  if (scale < 0) {
    digits *= 10n ** BigInt(-scale);
    scale = 0;
  }
  return { digits, scale };
}

/** What one tick or one lot is worth. */
export class Unit {
  /** @param {string} size a positive decimal, such as "0.01" */
  constructor(size) {
    const { digits, scale } = parseDecimal(String(size));
    this.digits = digits;
    this.scale = scale;
    /** The size as a number, good enough to draw with. */
    this.number = Number(digits) / 10 ** scale;
  }

  /**
   * Multiply with another size: of a tick and a lot, what a balance of quote counts in.
   * @param {Unit} other
   * @returns {Unit}
   */
  times(other) {
    const digits = this.digits * other.digits;
    const scale = this.scale + other.scale;
    const text = digits.toString().padStart(scale + 1, "0");
    return new Unit(`${text.slice(0, text.length - scale)}.${text.slice(text.length - scale)}`);
  }

  /**
   * Write a count exactly, always with as many decimals as the size has, so that columns align.
   * @param {bigint} count
   * @returns {string} without separators, as the fields of the ticket take it
   */
  plain(count) {
    const product = count * this.digits;
    const digits = (product < 0n ? -product : product).toString().padStart(this.scale + 1, "0");
    const sign = product < 0n ? "−" : "";
    const point = digits.length - this.scale;
    return this.scale ? `${sign}${digits.slice(0, point)}.${digits.slice(point)}` : sign + digits;
  }

  /**
   * Write a count exactly, with thousands apart.
   * @param {bigint} count
   * @returns {string}
   */
  format(count) {
    return grouped(this.plain(count));
  }

  /**
   * Write a count in at most `width` characters: exactly where that fits, else to three or four figures.
   * @param {bigint} count
   * @param {number} width no less than 6
   * @returns {string}
   */
  short(count, width) {
    const plain = this.plain(count);
    const exact = grouped(plain);
    return exact.length <= width ? exact : abbreviated(plain);
  }

  /**
   * Read an amount that a person has typed.
   * @param {string} text
   * @returns {bigint} ticks or lots
   * @throws {RangeError} with a sentence for the person
   */
  parse(text) {
    const value = parseDecimal(text);
    const numerator = value.digits * 10n ** BigInt(this.scale);
    const denominator = this.digits * 10n ** BigInt(value.scale);
    if (numerator % denominator) throw new RangeError(`${text.trim()} is no multiple of ${this.plain(1n)}`);
    const count = numerator / denominator;
    if (count > MAX) throw new RangeError(`${text.trim()} is more than the exchange can count`);
    return count;
  }

  /**
   * Return steps for the axis of a chart that counts in this unit: those that people read as round.
   * @returns {number[]} ascending, in ticks or lots
   */
  steps() {
    let odd = this.digits;
    for (const factor of [2n, 5n]) while (odd % factor === 0n) odd /= factor;
    const size = odd === 1n ? Number(this.digits) : 1; // no step of, say, thirds is ever round
    const steps = [];
    for (let power = 1; power <= 1e21; power *= 10) {
      for (const round of [1, 2, 2.5, 5]) {
        const step = (round * power) / size;
        if (Number.isInteger(step)) steps.push(step);
      }
    }
    return steps;
  }
}

/**
 * Set the thousands of a plain decimal apart.
 * @param {string} plain
 * @returns {string}
 */
export function grouped(plain) {
  const point = plain.indexOf(".");
  let end = point < 0 ? plain.length : point;
  let apart = plain.slice(end);
  for (; end > 3 && plain[end - 4] !== "−"; end -= 3) apart = `,${plain.slice(end - 3, end)}${apart}`;
  return plain.slice(0, end) + apart;
}

/** Write a plain decimal to three or four figures: 18.4M, 1.84e22. */
function abbreviated(plain) {
  const whole = plain.split(".")[0].replace(/^−/, "");
  const sign = plain.startsWith("−") ? "−" : "";
  const power = Math.floor((whole.length - 1) / 3);
  if (power === 0) return sign + belowThousand(plain.replace("−", ""));
  if (power >= SUFFIXES.length) return `${sign}${whole[0]}.${whole.slice(1, 3)}e${whole.length - 1}`;
  const head = whole.length - 3 * power;
  const tail = whole.slice(head, 4 > head ? 4 : head);
  return `${sign}${whole.slice(0, head)}.${tail.slice(0, Math.max(1, 4 - head))}${SUFFIXES[power]}`;
}

/** Write a decimal below 1,000 in six characters: 12.345, and 5.0e-8, which would look like nothing as 0.0000. */
function belowThousand(plain) {
  const small = /^0\.(00+)([1-9])(\d?)/.exec(plain);
  if (!small) return plain.slice(0, 6);
  const [, zeros, first, second] = small;
  return `${first}.${second || 0}e-${zeros.length + 1}`;
}

/**
 * Read an identifier or another whole number of 64 bits that a person has typed.
 * @param {string} text
 * @param {string} name what it is, for the sentence
 * @returns {bigint}
 * @throws {RangeError} with a sentence for the person
 */
export function parseInteger(text, name) {
  const digits = text.trim();
  if (!/^\d{1,20}$/.test(digits) || BigInt(digits) > MAX) throw new RangeError(`The ${name} is a whole number`);
  return BigInt(digits);
}
