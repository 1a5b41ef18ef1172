/** Exact numbers: whole multiples of 10^-16 as bigint. Every number of the language fits; nothing is a float. */

export const PLACES = 16;
const POWERS: bigint[] = [];
for (let power = 1n, n = 0; n <= 48; n += 1, power *= 10n) POWERS.push(power);

/** 10 to the power of n. */
export function ten(n: number): bigint {
  return POWERS[n] ?? 10n ** BigInt(n);
}

export const ONE = ten(PLACES);
const LIMIT = ten(22 + PLACES);
const MILLI = ten(PLACES - 3);
const DURATION_LIMIT = ten(12 + PLACES);
const INT_CAP = 1_000_000_000n;

/** The number when it has at most 22 whole digits, else null. */
export function ranged(x: bigint): bigint | null {
  return x < LIMIT && x > -LIMIT ? x : null;
}

/** a / b rounded half away from zero. */
export function nearest(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  const rest = a % b;
  if (rest === 0n) return quotient;
  const twice = rest < 0n ? -2n * rest : 2n * rest;
  if (twice < (b < 0n ? -b : b)) return quotient;
  return a < 0n === b < 0n ? quotient + 1n : quotient - 1n;
}

export function multiply(a: bigint, b: bigint): bigint {
  return nearest(a * b, ONE);
}

export function divide(a: bigint, b: bigint): bigint | null {
  return b === 0n ? null : ranged(nearest(a * ONE, b));
}

export const fromInt = (n: number): bigint => BigInt(n) * ONE;

/** Truncated toward zero, held within what positions and counts can need. */
export function whole(x: bigint): number {
  const n = x / ONE;
  return Number(n > INT_CAP ? INT_CAP : n < -INT_CAP ? -INT_CAP : n);
}

/** A number from its exact spelling, digits with at most one point; more than 16 digits after it are rounded. */
export function parse(text: string): bigint {
  const negative = text.startsWith("-");
  const [head = "", tail = ""] = text.replace(/^[+-]/, "").split(".");
  const kept = BigInt(head + tail.slice(0, PLACES).padEnd(PLACES, "0"));
  const size = (tail[PLACES] ?? "0") >= "5" ? kept + 1n : kept;
  return negative ? -size : size;
}

/** The digits of a non-negative number with a fixed count after the point. */
export function fixed(x: bigint, places: number): string {
  const digits = nearest(x, ten(PLACES - places)).toString().padStart(places + 1, "0");
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

/** The one spelling of a number: trimmed, no exponent, no minus zero. */
export function numberText(x: bigint): string {
  const size = x < 0n ? -x : x;
  const text = size % ONE === 0n ? (size / ONE).toString() : fixed(size, PLACES).replace(/0+$/, "");
  return x < 0n ? `-${text}` : text;
}

/** A duration to whole milliseconds; null when it is too long. ``divisor`` divides first, in one rounding. */
export function seconds(x: bigint, divisor = 1n): bigint | null {
  const y = nearest(x, divisor * MILLI) * MILLI;
  return y < DURATION_LIMIT && y > -DURATION_LIMIT ? y : null;
}

export const fromMillis = (ms: number): bigint => BigInt(ms) * MILLI;
export const toMillis = (x: bigint): bigint => x / MILLI;

// -- what the number functions compute ---------------------------------------------------------------

type Mode = "half" | "up" | "down";

/** Rounding to a number of digits; null when the digits are out of -15 to 16. */
export function rounder(mode: Mode): (x: bigint, k: bigint) => bigint | null {
  return (x, k) => {
    const places = whole(k);
    if (places < -15 || places > PLACES) return null;
    const quantum = ten(PLACES - places);
    if (mode === "half") return ranged(nearest(x, quantum) * quantum);
    const rest = x % quantum;
    const cut = x - rest;
    return ranged(mode === "down" || rest === 0n ? cut : cut + (x < 0n ? -quantum : quantum));
  };
}

export function floor(x: bigint): bigint | null {
  const rest = x % ONE;
  return ranged(rest < 0n ? x - rest - ONE : x - rest);
}

/** Rounding to a multiple of a step: up, down, or to the nearest. */
export function stepper(mode: "up" | "down" | "near"): (x: bigint, step: bigint) => bigint | null {
  return (x, step) => {
    const size = step < 0n ? -step : step;
    if (size === 0n) return null;
    let count = x / size;
    const rest = x % size;
    if (mode === "near") count = nearest(x, size);
    else if (mode === "up" && rest > 0n) count += 1n;
    else if (mode === "down" && rest < 0n) count -= 1n;
    return ranged(count * size);
  };
}

export function mod(a: bigint, b: bigint): bigint | null {
  if (b === 0n) return null;
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

export function quotient(a: bigint, b: bigint): bigint | null {
  return b === 0n ? null : ranged((a / b) * ONE);
}

export function power(x: bigint, k: bigint): bigint | null {
  const n = whole(k);
  if (k !== fromInt(n) || Math.abs(n) > 64 || (x === 0n && n <= 0)) return null;
  if (n === 0) return ONE;
  const size = Math.abs(n);
  const product = x ** BigInt(size);
  if (n > 0) return ranged(nearest(product, ten(PLACES * (size - 1))));
  return ranged(nearest(ten(PLACES * (size + 1)), product));
}

export function product(values: readonly (bigint | null)[]): bigint | null {
  const found = values.filter((value) => value !== null);
  if (found.length === 0) return null;
  let total = 1n;
  for (const value of found) total *= value;
  return ranged(nearest(total, ten(PLACES * (found.length - 1))));
}

/** The square root to 12 digits. */
export function sqrt(x: bigint): bigint | null {
  if (x < 0n) return null;
  const square = x * ten(8);
  if (square === 0n) return 0n;
  let root = 1n << BigInt((square.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) break;
    root = next;
  }
  const up = 2n * root + 1n;
  return (up * up <= 4n * square ? root + 1n : root) * ten(4);
}

export function sum(values: readonly (bigint | null)[]): bigint {
  let total = 0n;
  for (const value of values) if (value !== null) total += value;
  return total;
}

export function average(values: readonly (bigint | null)[]): bigint | null {
  let count = 0;
  for (const value of values) if (value !== null) count += 1;
  return divide(sum(values), fromInt(count));
}

const DIGITS = "零壹贰叁肆伍陆柒捌玖";
const RANKS = ["", "拾", "佰", "仟"];

/** Four digits in capital figures, without a leading 零. */
function four(n: number): string {
  let out = "";
  let gap = false;
  for (let place = 3; place >= 0; place -= 1) {
    const digit = Math.floor(n / 10 ** place) % 10;
    if (digit > 0) {
      out += (gap && out !== "" ? "零" : "") + DIGITS.charAt(digit) + (RANKS[place] ?? "");
      gap = false;
    } else {
      gap = true;
    }
  }
  return out;
}

function belowYi(n: number): string {
  const high = Math.floor(n / 10_000);
  const low = n % 10_000;
  if (high === 0) return four(low);
  return `${four(high)}万${low > 0 && low < 1_000 ? "零" : ""}${four(low)}`;
}

/** An amount in Chinese capital figures. */
export function rmbcap(x: bigint | null): string {
  if (x === null || x < 0n) return "";
  const cents = nearest(x, ten(PLACES - 2));
  const yuan = cents / 100n;
  if (yuan >= ten(16)) return "";
  const rest = Number(cents % 100n);
  const high = Number(yuan / ten(8));
  const low = Number(yuan % ten(8));
  let text = high > 0 ? `${belowYi(high)}亿` : "";
  if (low > 0) text += (high > 0 && low < 10_000_000 ? "零" : "") + belowYi(low);
  if (yuan > 0n) text += "元";
  if (rest === 0) return yuan > 0n ? `${text}整` : "零元整";
  const jiao = Math.floor(rest / 10);
  const fen = rest % 10;
  if (jiao > 0) text += `${DIGITS.charAt(jiao)}角`;
  else if (yuan > 0n) text += "零";
  return text + (fen > 0 ? `${DIGITS.charAt(fen)}分` : "");
}
