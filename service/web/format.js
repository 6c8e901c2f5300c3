// Numbers as the reader sees them: never NaN, never undefined.

const UNKNOWN = "–";

export const known = (value) => typeof value === "number" && Number.isFinite(value);

export const whole = formatter({ maximumFractionDigits: 0 });
export const oneDecimal = formatter({ minimumFractionDigits: 1, maximumFractionDigits: 1 });
const threeDigits = formatter({ maximumSignificantDigits: 3 });

export const area = (mm2) => (mm2 >= 1000 ? whole(mm2) : threeDigits(mm2));

/** Millilitres. */
export const volume = (ml) => (ml >= 100 ? whole(ml) : threeDigits(ml));

/** Milliseconds by stage, and their sum. */
export function timings(stages) {
  const measured = Object.entries(stages).filter(([, ms]) => known(ms));
  const total = measured.reduce((sum, [, ms]) => sum + ms, 0);
  return [...measured, ["total", total]].map(([name, ms]) => `${name}\u00a0${duration(ms)}`).join(" · ");
}

const duration = (ms) =>
  ms >= 10_000 ? `${oneDecimal(ms / 1000)}\u00a0s` : `${ms >= 10 ? whole(ms) : oneDecimal(ms)}\u00a0ms`;

export const confidence = (value) => (known(value) ? `${whole(value * 100)} %` : UNKNOWN);

/** A fraction of the picture, in percent. What is above 0 is never shown as 0, what is below 1 never as 100. */
export function share(fraction) {
  if (fraction > 0 && fraction < 0.0005) return "< 0.1 %";
  if (fraction < 1 && fraction >= 0.9995) return "> 99.9 %";
  return known(fraction) ? `${oneDecimal(fraction * 100)} %` : UNKNOWN;
}

function formatter(options) {
  const { format } = new Intl.NumberFormat("en", options);
  return (value) => (known(value) ? format(value) : UNKNOWN);
}
