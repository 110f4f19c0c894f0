/** Lengths of time and sums of money, as text. Pure. */

const two = (value: number): string => String(value).padStart(2, "0");

/** What is left, as a clock counts down: `0:09`, `12:05`, `1:02:03`; with `days`, the word for them, `2 d 3:04:05`. */
export function countdown(leftMs: number, dayUnit = "d"): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  const clock = hours || days ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  return days ? `${days} ${dayUnit} ${clock}` : clock;
}

/** A sum in dollars with as many digits as say something: `$0`, `< $0.01`, `$0.42`, `$1,234`. */
export function moneyText(dollars: number, tag: string): string {
  const digits = dollars === 0 || dollars >= 1_000 ? 0 : 2;
  const write = (value: number): string =>
    new Intl.NumberFormat(tag, { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  return dollars > 0 && dollars < 0.005 ? `< ${write(0.01)}` : write(dollars);
}
