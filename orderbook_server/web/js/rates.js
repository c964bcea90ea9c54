/**
 * How fast a counter runs. No DOM in here.
 */

const SAMPLES_MAX = 256;

/** The rate of a counter over the last seconds. */
export class Rate {
  /** @param {number} window over how many milliseconds */
  constructor(window = 3000) {
    this.window = window;
    /** @type {{time: number, count: bigint}[]} oldest first */
    this.samples = [];
  }

  /**
   * Take note of the counter. One that has become smaller belongs to a server that has begun anew.
   * @param {number} time in milliseconds, never less than before
   * @param {bigint} count
   */
  add(time, count) {
    const last = this.samples.at(-1);
    if (last && count < last.count) this.reset();
    this.samples.push({ time, count });
    this.forget(time);
    if (this.samples.length > SAMPLES_MAX) this.samples.shift();
  }

  /** Begin anew. */
  reset() {
    this.samples.length = 0;
  }

  /**
   * Return the rate.
   * @param {number} time now, in milliseconds
   * @returns {number | undefined} per second; undefined until half a second has been seen
   */
  perSecond(time) {
    this.forget(time);
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    const seconds = first ? (time - first.time) / 1000 : 0;
    return seconds < 0.5 ? undefined : Number(last.count - first.count) / seconds;
  }

  /** Drop what is too old, but for one sample, against which the rest is counted. */
  forget(time) {
    let old = 0;
    while (old + 1 < this.samples.length && this.samples[old + 1].time <= time - this.window) old += 1;
    if (old) this.samples.splice(0, old);
  }
}
