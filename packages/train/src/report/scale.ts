/** Maps values to pixels, and knows where its ticks belong. */
export interface Scale {
  (value: number): number;
  ticks: { value: number; text: string }[];
}

/** About `count` round values (1, 2 or 5 times a power of ten apart) from `low` to `high`. */
export function roundTicks(low: number, high: number, count = 5): number[] {
  const rough = (high - low) / Math.max(count, 1);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough * 0.999) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** A number for an axis: no more digits than it needs. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e6 || size < 1e-3)) return value.toExponential(0).replace('e+', 'e');
  return size >= 1000 ? String(value).replace(/\B(?=(\d{3})+$)/, ',') : String(value);
}

/** A linear scale; `nice` widens it to round ticks. */
export function linearScale(domain: [number, number], range: [number, number], count = 5, nice = false): Scale {
  let [low, high] = domain[0] === domain[1] ? [domain[0] - 0.5, domain[1] + 0.5] : domain;
  if (nice) {
    const ticks = roundTicks(low, high, count);
    const step = (ticks[1] ?? high) - (ticks[0] ?? low) || high - low;
    low = Math.floor(low / step + 1e-9) * step;
    high = Math.ceil(high / step - 1e-9) * step;
  }
  const scale = (value: number) => range[0] + ((value - low) / (high - low)) * (range[1] - range[0]);
  return Object.assign(scale, {
    ticks: roundTicks(low, high, count).map((value) => ({ value, text: shortNumber(value) })),
  });
}

/** A logarithmic scale for values > 0, with ticks at 1, 2 and 5 times powers of ten, or at the powers where those are many. */
export function logScale(domain: [number, number], range: [number, number]): Scale {
  const low = Math.log10(domain[0]);
  const high = Math.max(Math.log10(domain[1]), low + 1e-6);
  const scale = (value: number) => range[0] + ((Math.log10(value) - low) / (high - low)) * (range[1] - range[0]);
  const factors = high - low > 2.5 ? [1] : [1, 2, 5];
  const ticks: Scale['ticks'] = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++) {
    for (const factor of factors) {
      const value = Number((factor * 10 ** power).toPrecision(6));
      const at = Math.log10(value);
      if (at >= low - 1e-9 && at <= high + 1e-9) ticks.push({ value, text: shortNumber(value) });
    }
  }
  return Object.assign(scale, { ticks });
}
